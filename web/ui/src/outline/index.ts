/** What this part plugs into the frame. */

import { ListTree } from "lucide-react";
import { canvasApi } from "~/canvas/api";
import { registerCommands } from "~/commands/registry";
import { registerBars, registerPanels } from "~/shell/slots";
import { useUi } from "~/stores/ui";
import { Announcer } from "./Announcer";
import { activeRow, removeActive, renameActive } from "./active";
import { goTo, toggleMode } from "./actions";
import { Connect } from "./Connect";
import { openConnect, wishOf } from "./connecting";
import { Outline } from "./Outline";
import { focusOn } from "./store";

registerPanels([
  { id: "outline", side: "left", title: "outline:panel", icon: ListTree, component: Outline, order: 10 },
]);

registerBars([
  { id: "announcer", place: "none", component: Announcer, order: 90 },
  { id: "connect", place: "none", component: Connect, order: 91 },
]);

const inTree = (): boolean => document.activeElement?.closest('[data-keys="outline.tree"]') != null;

/** To the list, wherever the focus is; from the list back to the canvas. */
function focusOutline(): void {
  const { panels, toggle, selection } = useUi.getState();
  const [first] = selection;
  if (inTree()) return first === undefined ? undefined : canvasApi.focus(first);
  if (panels.left !== "outline") toggle("left", "outline");
  requestAnimationFrame(() => focusOn("tree"));
}

const row = (act: (row: NonNullable<ReturnType<typeof activeRow>>) => void) => () => {
  const active = activeRow();
  if (active) act(active);
};

registerCommands([
  { id: "outline.focus", title: "outline:command.focus", keys: ["O"], run: focusOutline },
  {
    id: "outline.connect",
    title: "outline:command.connect",
    hidden: true,
    run: (args) => openConnect(wishOf(args)),
  },
  {
    id: "outline.goTo",
    title: "outline:command.goTo",
    target: "outline.tree",
    keys: ["Shift+Enter"],
    when: inTree,
    run: row(goTo),
  },
  {
    id: "outline.rename",
    title: "outline:command.rename",
    target: "outline.tree",
    keys: ["F2"],
    when: inTree,
    run: renameActive,
  },
  {
    id: "outline.delete",
    title: "outline:command.delete",
    target: "outline.tree",
    keys: ["Delete", "Backspace"],
    when: inTree,
    run: removeActive,
  },
  {
    id: "outline.mute",
    title: "outline:command.mute",
    target: "outline.tree",
    keys: ["Mod+M"],
    when: inTree,
    run: row((r) => toggleMode(r, "mute")),
  },
  {
    id: "outline.bypass",
    title: "outline:command.bypass",
    target: "outline.tree",
    keys: ["Mod+B"],
    when: inTree,
    run: row((r) => toggleMode(r, "bypass")),
  },
]);
