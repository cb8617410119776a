/** Commands that select. */

import type { Command } from "~/commands/registry";
import { downstream, upstream } from "~/core/walk";
import { useUi } from "~/stores/ui";
import { chosenNodes, selection } from "../chosen";
import { here } from "../edit";
import { endLink } from "../linking";
import { closeMenu } from "../menu";
import { placesOf } from "../places";
import { useCanvas } from "../store";

const select = (ids: Iterable<string>): void => useUi.getState().select(ids);
const all = (): string[] => [...placesOf().keys()].filter((id) => !id.startsWith("@"));
const some = () => chosenNodes().length > 0;

/** Escape, one step at a time: the menu, the link in the air, the selection, the subgraph. */
const STEPS: readonly (readonly [when: () => boolean, run: () => void])[] = [
  [() => useCanvas.getState().menu !== null, closeMenu],
  [() => useCanvas.getState().linking !== null, endLink],
  [
    () => selection().size > 0 || useCanvas.getState().links.size > 0,
    () => {
      select([]);
      useCanvas.setState({ links: new Set() });
    },
  ],
  [() => useUi.getState().path.length > 0, () => useUi.getState().leave(1)],
];

export const selectCommands: readonly Command[] = [
  { id: "graph.selectAll", title: "canvas:command.selectAll", keys: ["Mod+A"], run: () => select(all()) },
  {
    id: "graph.invert",
    title: "canvas:command.invert",
    keys: ["Mod+I"],
    run: () => select(all().filter((id) => !selection().has(id))),
  },
  {
    id: "graph.upstream",
    title: "canvas:command.upstream",
    keys: ["["],
    when: some,
    run: () => select(upstream(here().graph, chosenNodes())),
  },
  {
    id: "graph.downstream",
    title: "canvas:command.downstream",
    keys: ["]"],
    when: some,
    run: () => select(downstream(here().graph, chosenNodes())),
  },
  {
    id: "graph.escape",
    title: "canvas:command.escape",
    keys: ["Escape"],
    target: "canvas",
    hidden: true,
    when: () => STEPS.some(([when]) => when()),
    run: () => STEPS.find(([when]) => when())?.[1](),
  },
];
