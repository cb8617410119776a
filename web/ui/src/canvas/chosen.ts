/** What a command is about: the selection, part by part. */

import { inside } from "~/core/edits/frames";
import { useUi } from "~/stores/ui";
import { here } from "./edit";
import { idsOf } from "./ids";
import { useCanvas } from "./store";

export const selection = (): ReadonlySet<string> => useUi.getState().selection;
export const writable = (): boolean => !useUi.getState().readOnly;

export const chosenGroups = (): string[] => idsOf(selection(), "group").filter((id) => here().graph.groups[id]);
export const chosenNotes = (): string[] => idsOf(selection(), "note").filter((id) => here().graph.notes[id]);

/** Selected nodes, not those of selected groups. */
export const chosenNodes = (): string[] => idsOf(selection(), "node").filter((id) => here().graph.nodes[id]);

/** Selected nodes, and all that lie in selected groups. */
export function nodesMeant(): string[] {
  const { doc, scope, registry } = here();
  const grouped = chosenGroups().flatMap((id) => inside(doc, scope, registry, id).nodes);
  return [...new Set([...chosenNodes(), ...grouped])];
}

/** Selected groups and notes, and those that lie in selected groups. */
export function framesMeant(): { groups: string[]; notes: string[] } {
  const { doc, scope, registry } = here();
  const lying = chosenGroups().map((id) => inside(doc, scope, registry, id));
  return {
    groups: [...new Set([...chosenGroups(), ...lying.flatMap((found) => found.groups)])],
    notes: [...new Set([...chosenNotes(), ...lying.flatMap((found) => found.notes)])],
  };
}

/** Only where something of the graph may be changed. */
export const whenNodes = (): boolean => writable() && nodesMeant().length > 0;
export const whenAny = (): boolean => writable() && selection().size > 0;
export const whenAnyOrLinks = (): boolean =>
  writable() && (selection().size > 0 || useCanvas.getState().links.size > 0);
