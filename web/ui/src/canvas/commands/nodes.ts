/** Commands that change nodes, and take them away. */

import type { Command } from "~/commands/registry";
import { removeGroup, removeNote, setGroup, setNote } from "~/core/edits/frames";
import { removeNodes, resize, setCollapsed, setColor, setMode, setPinned } from "~/core/edits/nodes";
import type { Mode } from "~/core/types";
import { useUi } from "~/stores/ui";
import { editTitle } from "../Title";
import {
  chosenGroups,
  chosenNodes,
  chosenNotes,
  nodesMeant,
  selection,
  whenAny,
  whenAnyOrLinks,
  whenNodes,
} from "../chosen";
import { PIGMENTS } from "../colors";
import { change, here } from "../edit";
import { unlink } from "../linking";
import { useCanvas } from "../store";

/** Take away what is selected. `heal`: links that pass through nodes are joined. */
export function remove(heal: boolean): void {
  const { links } = useCanvas.getState();
  if (!selection().size) return unlink(links);
  const [nodes, groups, notes] = [chosenNodes(), chosenGroups(), chosenNotes()];
  change(
    heal ? "dissolve" : "remove",
    (d, scope, registry) => {
      removeNodes(d, scope, registry, nodes, { heal });
      for (const id of groups) removeGroup(d, scope, id);
      for (const id of notes) removeNote(d, scope, id);
    },
    { count: nodes.length + groups.length + notes.length },
  );
  useUi.getState().select([]);
}

/** On for all, or off if all have it. */
function toggle(has: (id: string) => boolean, set: (ids: string[], on: boolean) => void): void {
  const ids = nodesMeant();
  set(ids, !ids.every(has));
}

const setModes = (mode: Mode) => () =>
  toggle(
    (id) => here().graph.nodes[id]?.mode === mode,
    (ids, on) =>
      change(on ? mode : "active", (d, scope) => setMode(d, scope, ids, on ? mode : null), { count: ids.length }),
  );

const collapse = () =>
  toggle(
    (id) => here().graph.nodes[id]?.collapsed === true,
    (ids, on) => change(on ? "collapse" : "expand", (d, scope) => setCollapsed(d, scope, ids, on)),
  );

/** Nodes and groups stay where they are, whatever drags them. */
function pin(): void {
  const { graph } = here();
  const [nodes, groups] = [chosenNodes(), chosenGroups()];
  const on = !(nodes.every((id) => graph.nodes[id]?.pinned) && groups.every((id) => graph.groups[id]?.pinned));
  change(on ? "pin" : "unpin", (d, scope) => {
    setPinned(d, scope, nodes, on);
    for (const id of groups) setGroup(d, scope, id, { pinned: on ? true : null });
  });
}

/** Give what is selected a colour; null takes it away. */
export function paintAll(color: string | null): void {
  const [nodes, groups, notes] = [chosenNodes(), chosenGroups(), chosenNotes()];
  change("color", (d, scope) => {
    setColor(d, scope, nodes, color);
    for (const id of groups) setGroup(d, scope, id, { color });
    for (const id of notes) setNote(d, scope, id, { color });
  });
}

/** The next colour of the first selected thing, for all. */
function nextColor(): void {
  const { graph } = here();
  const [node] = chosenNodes();
  const [group] = chosenGroups();
  const now = (node && graph.nodes[node]?.color) ?? (group && graph.groups[group]?.color);
  const at = PIGMENTS.findIndex((pigment) => pigment === now);
  paintAll(PIGMENTS[at + 1] ?? null);
}

const only = () => whenAny() && selection().size === 1;

export const nodeCommands: readonly Command[] = [
  {
    id: "graph.delete",
    title: "canvas:command.delete",
    keys: ["Delete", "Backspace"],
    target: "canvas",
    when: whenAnyOrLinks,
    run: () => remove(false),
  },
  {
    id: "graph.dissolve",
    title: "canvas:command.dissolve",
    keys: ["Mod+Delete", "Mod+Backspace"],
    target: "canvas",
    when: whenNodes,
    run: () => remove(true),
  },
  { id: "graph.mute", title: "canvas:command.mute", keys: ["Mod+M"], when: whenNodes, run: setModes("mute") },
  { id: "graph.bypass", title: "canvas:command.bypass", keys: ["Mod+B"], when: whenNodes, run: setModes("bypass") },
  { id: "graph.collapse", title: "canvas:command.collapse", keys: ["Alt+C"], when: whenNodes, run: collapse },
  { id: "graph.pin", title: "canvas:command.pin", keys: ["P"], when: whenAny, run: pin },
  { id: "graph.color", title: "canvas:command.color", keys: ["C"], when: whenAny, run: nextColor },
  {
    id: "graph.rename",
    title: "canvas:command.rename",
    keys: ["F2"],
    target: "canvas",
    when: only,
    run: () => editTitle([...selection()][0] ?? null),
  },
  {
    id: "graph.resetSize",
    title: "canvas:command.resetSize",
    when: whenNodes,
    run: () => void change("resize", (d, scope) => nodesMeant().forEach((id) => resize(d, scope, id, null))),
  },
];
