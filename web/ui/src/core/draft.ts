/** Reading a document while it is being changed. */

import { current, type Draft, isDraft } from "immer";
import type { Doc, Graph, Scope, Subgraph, SubgraphId } from "./types";

export type DocDraft = Draft<Doc>;
export type GraphDraft = Draft<Graph>;

/** The value as it is now, to read at full speed: what stands behind a draft, or the value itself. */
export function now<T>(value: T): T {
  return isDraft(value) ? (current(value as Draft<T>) as T) : value;
}

/** The graph to change that a scope names; none if the document has no such subgraph. */
export function graphIn(d: DocDraft, scope: Scope): GraphDraft | undefined {
  return scope === null ? d.root : d.subgraphs[scope];
}

/** The definition to change; none in the top graph. */
export function subgraphIn(d: DocDraft, scope: Scope): Draft<Subgraph> | undefined {
  return scope === null ? undefined : d.subgraphs[scope];
}

/** Every graph of a document with its scope, the top one first. */
export function* graphsIn(d: DocDraft): Generator<readonly [Scope, GraphDraft]> {
  yield [null, d.root];
  for (const [id, subgraph] of Object.entries<Draft<Subgraph>>(d.subgraphs)) yield [id as SubgraphId, subgraph];
}
