/** Names with a meaning: types of subgraph instances, and the pseudo nodes at a subgraph's boundary. */

import type { SubgraphId } from "./types";

export const SUBGRAPH = "subgraph:";
/** The pseudo nodes at a subgraph's boundary: outputs of `@in` are its inputs, inputs of `@out` its outputs. */
export const INPUTS = "@in";
export const OUTPUTS = "@out";

/** The definition that a type of this name is an instance of; null for all other types. */
export function subgraphIdOf(type: string): SubgraphId | null {
  return type.startsWith(SUBGRAPH) ? type.slice(SUBGRAPH.length) : null;
}

/** Types whose values are typed in; every other input can only be linked. */
const TYPED_IN = new Set(["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"]);

/** Whether values of a type can be typed into the graph, as engine/graph/sockets.py decides. */
export const isTypedIn = (type: string): boolean => TYPED_IN.has(type);

/** Whether an input is drawn with a widget (a value can be typed in) and not as a socket alone. */
export function hasWidget(input: { type: string; widget?: unknown; options?: unknown; file?: unknown }): boolean {
  return Boolean(input.widget || input.options || input.file) || isTypedIn(input.type);
}
