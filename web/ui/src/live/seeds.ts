/** After a run was queued, seeds move on as their control says: one edit, so that one undo brings them back. */

import { typeOf } from "~/core/document";
import { controlOf, isSeed, nextSeed, seedLimits, type Bits, randomBits } from "~/core/seed";
import type { Doc, Graph, Json, NodeId, Registry, Scope } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";

export interface SeedStep {
  readonly scope: Scope;
  readonly node: NodeId;
  readonly input: string;
  readonly value: Json;
}

/** The next value of each seed that is to change. */
export function nextSeeds(doc: Doc, registry: Registry, random: Bits = randomBits): SeedStep[] {
  const graphs: [Scope, Graph][] = [[null, doc.root], ...Object.entries(doc.subgraphs)];
  return graphs.flatMap(([scope, graph]) =>
    Object.keys(graph.nodes).flatMap((node) => stepsOf(doc, registry, scope, graph, node, random)),
  );
}

function stepsOf(doc: Doc, registry: Registry, scope: Scope, graph: Graph, id: NodeId, random: Bits): SeedStep[] {
  const node = graph.nodes[id];
  if (!node || !node.meta["control"] || node.mode) return [];
  return Object.entries(typeOf(doc, registry, node).inputs).flatMap(([input, def]) => {
    const control = controlOf(node, input);
    if (!isSeed(def) || control === "fixed" || node.links[input]) return [];
    const [min, max] = seedLimits(def);
    return [{ scope, node: id, input, value: nextSeed(control, node.values[input] ?? def.default, max, random, min) }];
  });
}

/** Args: group: of all that belongs to one press of the button. */
export function moveSeeds(group: string): void {
  const { doc, edit } = useDoc.getState();
  const steps = nextSeeds(doc, useServer.getState().registry);
  if (!steps.length) return;
  edit(
    { key: "live:edit.seeds" },
    (draft) => {
      for (const { scope, node, input, value } of steps) {
        const graph = scope === null ? draft.root : draft.subgraphs[scope];
        const there = graph?.nodes[node];
        if (there) there.values[input] = value;
      }
    },
    group,
  );
}
