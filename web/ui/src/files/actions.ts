/** What other parts use of the files: tabs, opening, titles. */

export { askOpen } from "./client";
export { openFile, openFiles, openText } from "./open";
export { docOf, newTab } from "./tabs";
export { titleOf } from "./titles";
