/** Commands that put nodes in order. */

import type { Command } from "~/commands/registry";
import { moveNodes } from "~/core/edits/nodes";
import { type Boxes, type Places, type Side, aligned, distributed, tidied } from "~/core/layout";
import { shapeOf } from "~/core/geometry";
import { typeOf } from "~/core/document";
import { canvasApi } from "../api";
import { chosenNodes, writable } from "../chosen";
import { change, here } from "../edit";
import { placesOf } from "../places";

function move(what: string, places: Places): void {
  change(what, (d, scope) => moveNodes(d, scope, places));
}

/** The whole graph, or what is selected if that is more than one node. */
function tidy(): void {
  const { doc, graph, registry } = here();
  const ids = chosenNodes();
  const some = ids.length > 1 ? ids : undefined;
  move(
    "tidy",
    tidied(graph, (node) => shapeOf(node, typeOf(doc, registry, node)), some),
  );
  if (!some) canvasApi.fit();
}

function boxes(): Boxes {
  const places = placesOf();
  return Object.fromEntries(chosenNodes().flatMap((id) => (places.has(id) ? [[id, places.get(id)]] : []))) as Boxes;
}

const atLeast = (n: number) => () => writable() && chosenNodes().length >= n;

const align = (side: Side): Command => ({
  id: `graph.align.${side}`,
  title: `canvas:command.align.${side}`,
  when: atLeast(2),
  run: () => move("align", aligned(boxes(), side)),
});

const distribute = (axis: "x" | "y"): Command => ({
  id: `graph.distribute.${axis}`,
  title: `canvas:command.distribute.${axis}`,
  when: atLeast(3),
  run: () => move("distribute", distributed(boxes(), axis)),
});

const SIDES: readonly Side[] = ["left", "center", "right", "top", "middle", "bottom"];

export const arrangeCommands: readonly Command[] = [
  { id: "graph.tidy", title: "canvas:command.tidy", keys: ["L"], when: writable, run: tidy },
  ...SIDES.map(align),
  distribute("x"),
  distribute("y"),
];
