/** What other parts use of the files: tabs, opening, saving. */

export { askOpen } from "./client";
export { openFile, openFiles, openStored, openTemplate, openText } from "./open";
export { save, saveAs } from "./save";
export { closeTab, docOf, newTab, showTab } from "./tabs";
export { titleOf, useTitle } from "./titles";
