/** Whether a connection may be made, and if not, why: one function for dragging, palette, paste and loading. */

import { graphOf } from "./document";
import { now } from "./draft";
import { INPUTS, OUTPUTS, subgraphIdOf } from "./names";
import { boundaryTypes, typeOf } from "./nodeTypes";
import type { Doc, InputDef, NodeId, NodeType, OutputDef, Registry, Scope, SubgraphId, Told } from "./types";
import { wouldCycle } from "./walk";
import type { Connection } from "./wires";

export type { Connection } from "./wires";

/** A socket that a link hangs on. */
export type From =
  | { readonly node: NodeId; readonly output: number }
  | { readonly node: NodeId; readonly input: string };

const told = (reason: string, args?: Told["args"]): Told => ({ key: `graph:reason.${reason}`, ...(args && { args }) });

/** Whether a value of wire type `from` may flow into an input of wire type `to`: any ("*") both ways, all members of a
 * union into one of the other, whole numbers into FLOAT, text into choices and choices into text. */
export function accepts(from: string, to: string): boolean {
  if (from === to || from === "*" || to === "*") return true;
  const targets = to.split(",");
  return from.split(",").every((source) => targets.some((target) => fits(source, target)));
}

const TEXT = new Set(["STRING", "COMBO"]);

function fits(from: string, to: string): boolean {
  if (from === to || from === "*" || to === "*") return true;
  return (from === "INT" && to === "FLOAT") || (TEXT.has(from) && TEXT.has(to));
}

/** The node type that a node or pseudo node of a graph has; none if there is no such node. */
export function typeIn(doc: Doc, scope: Scope, registry: Registry, id: NodeId): NodeType | undefined {
  if (scope !== null && (id === INPUTS || id === OUTPUTS))
    return doc.subgraphs[scope] && boundaryTypes(doc, registry, scope)[id === INPUTS ? "in" : "out"];
  const node = graphOf(doc, scope).nodes[id];
  return node && typeOf(doc, registry, node);
}

/** Why a connection may not be made; null if it may. */
export function validate(doc: Doc, scope: Scope, registry: Registry, c: Connection): Told | null {
  if (c.source === c.target) return told("same_node");
  const source = typeIn(doc, scope, registry, c.source);
  const target = typeIn(doc, scope, registry, c.target);
  const output = source?.outputs[c.output];
  const input = target?.inputs[c.input];
  if (!source || !target || (!output && !source.unknown) || (!input && !target.unknown)) return told("no_such_socket");
  if (output && input) {
    const misfit = mismatch(doc, scope, registry, c, output, input);
    if (misfit) return misfit;
  }
  return wouldCycle(graphOf(doc, scope), c.source, c.target) ? told("cycle") : null;
}

function mismatch(doc: Doc, scope: Scope, registry: Registry, c: Connection, output: OutputDef, input: InputDef) {
  if (!accepts(output.type, input.type)) return told("type", { from: output.type, to: input.type });
  if (input.file === undefined || output.type === "*") return null;
  return fileBehind(doc, scope, registry, c) === input.file ? null : told("file");
}

/** The kind of file that a port at the boundary is asked for: only such a link may lead into a file's input. */
function fileBehind(doc: Doc, scope: Scope, registry: Registry, c: Connection): string | undefined {
  if (scope === null || c.source !== INPUTS) return undefined;
  const subgraph = now(doc.subgraphs)[scope];
  const port = subgraph && [...subgraph.inputs, ...subgraph.widgets][c.output];
  const [id, name] = port?.to[0] ?? [];
  const node = id === undefined ? undefined : subgraph?.nodes[id];
  return node && name !== undefined ? typeOf(doc, registry, node).inputs[name]?.file : undefined;
}

/** The first socket of a node type that a hanging link may be led to: an input's name or an output's index. */
export function firstFit(
  doc: Doc,
  scope: Scope,
  registry: Registry,
  from: From,
  type: NodeType,
): string | number | null {
  const own = typeIn(doc, scope, registry, from.node);
  if ("input" in from) {
    const input = own?.inputs[from.input];
    const index = input && input.file === undefined ? bestOutput(type, input.type) : -1;
    return index < 0 ? null : index;
  }
  const output = own?.outputs[from.output];
  return output ? bestInput(type, output.type) : null;
}

/** Exactly the type before what only accepts it; inputs that must be linked before those that can be typed in. */
function bestInput(type: NodeType, from: string): string | null {
  const all = Object.entries(type.inputs).filter(([, i]) => i.file === undefined || from === "*");
  const found = all.find(([, i]) => i.type === from) ?? all.find(([, i]) => accepts(from, i.type));
  return found?.[0] ?? null;
}

function bestOutput(type: NodeType, to: string): number {
  const exact = type.outputs.findIndex((o) => o.type === to);
  return exact < 0 ? type.outputs.findIndex((o) => accepts(o.type, to)) : exact;
}

/** Why a node of a type may not stand in a graph (a subgraph would hold itself); null if it may. */
export function refusedIn(doc: Doc, scope: Scope, type: string): Told | null {
  const id = subgraphIdOf(type);
  if (id === null || scope === null || !holds(doc, id, scope)) return null;
  return told("subgraph_recursion", { title: doc.subgraphs[id]?.title || id });
}

/** Whether a definition is, or holds at any depth, another one. */
export function holds(doc: Doc, id: SubgraphId, sought: SubgraphId): boolean {
  const subgraphs = now(doc.subgraphs);
  const todo = new Set([id]);
  for (const one of todo) {
    if (one === sought) return true;
    for (const node of Object.values(subgraphs[one]?.nodes ?? {})) {
      const inner = subgraphIdOf(node.type);
      if (inner !== null) todo.add(inner);
    }
  }
  return false;
}
