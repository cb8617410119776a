/** Commands for groups, notes and subgraphs. */

import i18next from "i18next";
import type { Command } from "~/commands/registry";
import { subgraphIdOf } from "~/core/document";
import { addGroup, addNote, fitGroup, groupAround } from "~/core/edits/frames";
import { detach, makeSubgraph, unpack } from "~/core/edits/subgraphs";
import type { Point } from "~/core/types";
import { useUi } from "~/stores/ui";
import { editTitle } from "../Title";
import { canvasApi } from "../api";
import { chosenGroups, chosenNodes, whenNodes, writable } from "../chosen";
import { change, here } from "../edit";
import { enter } from "../handlers";
import { groupId, noteId } from "../ids";

const NOTE: Point = [240, 140];
const GROUP: Point = [420, 300];

const placed = (args: unknown): Point => {
  const at = typeof args === "object" && args !== null && "at" in args ? args.at : null;
  return Array.isArray(at) && at.length === 2
    ? [Math.round(Number(at[0])), Math.round(Number(at[1]))]
    : canvasApi.cursor();
};

/** Around the selection; without one an empty frame. Its title is there to be typed. */
function group(args: unknown): void {
  let made: string | null = null;
  const title = i18next.t("canvas:group.untitled");
  const nodes = chosenNodes();
  change("group", (d, scope, registry) => {
    made = nodes.length
      ? groupAround(d, scope, registry, nodes, title)
      : addGroup(d, scope, { title, pos: placed(args), size: GROUP });
  });
  if (made !== null) begin(groupId(made));
}

function note(args: unknown): void {
  let made: string | null = null;
  change("add_note", (d, scope) => {
    made = addNote(d, scope, { text: "", markdown: true, pos: placed(args), size: NOTE });
  });
  if (made !== null) begin(noteId(made));
}

function begin(id: string): void {
  useUi.getState().select([id]);
  editTitle(id);
}

function subgraph(): void {
  let made: string | null = null;
  const title = i18next.t("canvas:subgraph.untitled");
  change("subgraph", (d, scope, registry) => {
    made = makeSubgraph(d, scope, registry, chosenNodes(), title);
  });
  if (made !== null) useUi.getState().select([made]);
}

/** The selected instances of subgraphs. */
const instances = (): string[] =>
  chosenNodes().filter((id) => {
    const { doc, graph } = here();
    const found = subgraphIdOf(graph.nodes[id]?.type ?? "");
    return found !== null && doc.subgraphs[found] !== undefined;
  });

const whenInstances = () => writable() && instances().length > 0;

function unpackAll(): void {
  const ids = instances();
  const out: string[] = [];
  change("unpack", (d, scope, registry) => ids.forEach((id) => out.push(...unpack(d, scope, registry, id))));
  useUi.getState().select(out);
}

export const frameCommands: readonly Command[] = [
  { id: "graph.group", title: "canvas:command.group", keys: ["Mod+G"], when: writable, run: group },
  {
    id: "graph.fitGroup",
    title: "canvas:command.fitGroup",
    when: () => writable() && chosenGroups().length > 0,
    run: () =>
      void change("resize", (d, scope, registry) => chosenGroups().forEach((id) => fitGroup(d, scope, registry, id))),
  },
  { id: "graph.note", title: "canvas:command.note", keys: ["Shift+N"], when: writable, run: note },
  { id: "graph.subgraph", title: "canvas:command.subgraph", keys: ["Mod+Shift+E"], when: whenNodes, run: subgraph },
  { id: "graph.unpack", title: "canvas:command.unpack", keys: ["Mod+Shift+G"], when: whenInstances, run: unpackAll },
  {
    id: "graph.detach",
    title: "canvas:command.detach",
    when: whenInstances,
    run: () => void change("detach", (d, scope) => instances().forEach((id) => detach(d, scope, id))),
  },
  {
    id: "graph.enter",
    title: "canvas:command.enter",
    when: () => instances().length > 0,
    run: () => void enter(instances()[0] ?? ""),
  },
  {
    id: "graph.leave",
    title: "canvas:command.leave",
    when: () => useUi.getState().path.length > 0,
    run: () => useUi.getState().leave(1),
  },
];
