/** Copy, cut, paste. */

import type { Command } from "~/commands/registry";
import { selection, whenAny, writable } from "../chosen";
import { copyChosen, cutChosen, duplicateChosen, pasteClipboard } from "../clipboard";

const some = () => selection().size > 0;

export const clipboardCommands: readonly Command[] = [
  { id: "graph.copy", title: "canvas:command.copy", keys: ["Mod+C"], native: true, when: some, run: copyChosen },
  { id: "graph.cut", title: "canvas:command.cut", keys: ["Mod+X"], native: true, when: whenAny, run: cutChosen },
  {
    id: "graph.paste",
    title: "canvas:command.paste",
    keys: ["Mod+V"],
    native: true,
    when: writable,
    run: () => pasteClipboard(false),
  },
  {
    id: "graph.pasteLinked",
    title: "canvas:command.pasteLinked",
    keys: ["Mod+Shift+V"],
    native: true,
    when: writable,
    run: () => pasteClipboard(true),
  },
  { id: "graph.duplicate", title: "canvas:command.duplicate", keys: ["Mod+D"], when: whenAny, run: duplicateChosen },
];
