/** After a run was queued, seeds move on as their control says: one edit, so that one undo brings them back. */

import { typeOf } from "~/core/document";
import { type Control, controlOf, isSeed, nextSeed, seedLimits, type Bits, randomBits } from "~/core/seed";
import type { Doc, Graph, InputDef, Json, NodeId, Registry, Scope } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { seedKey, useSeeds } from "~/stores/seeds";
import { useServer } from "~/stores/server";

export interface SeedStep {
  readonly scope: Scope;
  readonly node: NodeId;
  readonly input: string;
  readonly value: Json;
}

/** A seed that a run is made with. */
interface Used extends SeedStep {
  readonly def: InputDef;
  readonly control: Control;
}

/** All seeds of a document that are typed in, of nodes that take part. */
function usedSeeds(doc: Doc, registry: Registry): Used[] {
  const graphs: [Scope, Graph][] = [[null, doc.root], ...Object.entries(doc.subgraphs)];
  return graphs.flatMap(([scope, graph]) =>
    Object.keys(graph.nodes).flatMap((node) => seedsOfNode(doc, registry, scope, graph, node)),
  );
}

function seedsOfNode(doc: Doc, registry: Registry, scope: Scope, graph: Graph, id: NodeId): Used[] {
  const node = graph.nodes[id];
  if (!node || node.mode) return [];
  return Object.entries(typeOf(doc, registry, node).inputs).flatMap(([input, def]) => {
    if (!isSeed(def) || node.links[input]) return [];
    const value = node.values[input] ?? def.default ?? 0;
    return [{ scope, node: id, input, def, value, control: controlOf(node, input) }];
  });
}

/** The next value of each seed that is to change. */
export function nextSeeds(doc: Doc, registry: Registry, random: Bits = randomBits): SeedStep[] {
  return usedSeeds(doc, registry)
    .filter(({ control }) => control !== "fixed")
    .map(({ scope, node, input, def, control, value }) => {
      const [min, max] = seedLimits(def);
      return { scope, node, input, value: nextSeed(control, value, max, random, min) };
    });
}

/** Seeds that were used are remembered, and move on. Args: group: of all that belongs to one press of the button. */
export function moveSeeds(group: string): void {
  const { doc, edit } = useDoc.getState();
  const { registry } = useServer.getState();
  const { remember } = useSeeds.getState();
  for (const { scope, node, input, value } of usedSeeds(doc, registry)) remember(seedKey(scope, node, input), value);
  const steps = nextSeeds(doc, registry);
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
