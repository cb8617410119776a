/** Commands that change the graph. */

import type { Command } from "~/commands/registry";
import { removeGroup, removeNote } from "~/core/edits/frames";
import { removeNodes } from "~/core/edits/nodes";
import { useUi } from "~/stores/ui";
import { change } from "../edit";
import { idsOf } from "../ids";
import { unlink } from "../linking";
import { useCanvas } from "../store";

const selected = () => useUi.getState().selection;
const some = () => selected().size > 0 && !useUi.getState().readOnly;

/** Take away what is selected. `heal`: links that pass through nodes are joined. */
function remove(heal: boolean): void {
  const { links } = useCanvas.getState();
  if (!selected().size) return unlink(links);
  const ids = [...selected()];
  change(
    heal ? "dissolve" : "remove",
    (d, scope, registry) => {
      removeNodes(d, scope, registry, idsOf(ids, "node"), { heal });
      for (const id of idsOf(ids, "group")) removeGroup(d, scope, id);
      for (const id of idsOf(ids, "note")) removeNote(d, scope, id);
    },
    { n: ids.length },
  );
  useUi.getState().select([]);
}

export const graphCommands: readonly Command[] = [
  {
    id: "graph.delete",
    title: "canvas:command.delete",
    keys: ["Delete", "Backspace"],
    target: "canvas",
    when: () => some() || useCanvas.getState().links.size > 0,
    run: () => remove(false),
  },
  {
    id: "graph.dissolve",
    title: "canvas:command.dissolve",
    keys: ["Mod+Delete", "Mod+Backspace"],
    target: "canvas",
    when: some,
    run: () => remove(true),
  },
];
