/** Where a problem is: the node in its graph, and on the instances around it the port that feeds the input. */

import { graphOf } from "~/core/document";
import { subgraphIdOf } from "~/core/names";
import type { Doc, Graph, NodeId, PortIn, Scope, Subgraph } from "~/core/types";
import type { Problem } from "~/stores/run";
import type { Step } from "~/stores/ui";

export interface Spot {
  readonly path: readonly Step[];
  readonly scope: Scope;
  readonly node: NodeId;
}

/** The place of a full id; null: there is no such node. Ids of steps that a node was expanded to lead to that node. */
export function spotOf(doc: Doc, full: string): Spot | null {
  const ids = full.split(":");
  const path: Step[] = [];
  let scope: Scope = null;
  for (const [n, id] of ids.entries()) {
    const node: NodeId | null = known(graphOf(doc, scope), id);
    if (node === null) return null;
    const inner: string | null = subgraphIdOf(graphOf(doc, scope).nodes[node]?.type ?? "");
    if (n === ids.length - 1 || node !== id) return { path, scope, node };
    if (inner === null || !doc.subgraphs[inner]) return null;
    path.push({ instance: node, subgraph: inner });
    scope = inner;
  }
  return null;
}

/** "12.0.3" is a step of the node 12, if there is no node of that name. */
function known(graph: Graph, id: string): NodeId | null {
  for (let at = id; at; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) if (graph.nodes[at]) return at;
  return null;
}

const port = (subgraph: Subgraph, node: NodeId, input: string): PortIn | undefined =>
  [...subgraph.inputs, ...subgraph.widgets].find((p) => p.to.some(([id, name]) => id === node && name === input));

/** Where the value of an input is typed in or its link ends: outside, as far as ports lead. */
export function originOf(doc: Doc, spot: Spot, input: string): { spot: Spot; input: string } {
  const step = spot.path.at(-1);
  const subgraph = step && doc.subgraphs[step.subgraph];
  const fed = subgraph && port(subgraph, spot.node, input);
  if (!step || !fed) return { spot, input };
  const path = spot.path.slice(0, -1);
  return originOf(doc, { path, scope: path.at(-1)?.subgraph ?? null, node: step.instance }, fed.name);
}

/** Problems by full id; each also on the instances that it lies in. */
export function placed(doc: Doc, problems: readonly Problem[]): Record<string, Problem[]> {
  const found: Record<string, Problem[]> = {};
  const add = (id: string, problem: Problem) => (found[id] ??= []).push(problem);
  for (const problem of problems) {
    add(problem.node ?? "", problem);
    const spot = problem.node === null ? null : spotOf(doc, problem.node);
    if (spot) onInstances(doc, spot, problem, add);
  }
  return found;
}

function onInstances(doc: Doc, spot: Spot, problem: Problem, add: (id: string, problem: Problem) => void): void {
  let { node } = spot;
  let input = problem.input;
  for (let depth = spot.path.length; depth > 0; depth--) {
    const step = spot.path[depth - 1];
    const subgraph = step && doc.subgraphs[step.subgraph];
    if (!step || !subgraph) return;
    input = input === null ? null : (port(subgraph, node, input)?.name ?? null);
    node = step.instance;
    const id = spot.path
      .slice(0, depth)
      .map((s) => s.instance)
      .join(":");
    add(id, { ...problem, input });
  }
}
