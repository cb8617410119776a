/** The comparison that is shown: what differs in the front tab's document from another one. */

import { create } from "zustand";
import type { GraphDiff } from "~/core/diff";
import type { Doc, NodeId, Scope } from "~/core/types";

interface DiffState {
  /** What the front document is compared with; null: nothing is compared. */
  readonly against: { readonly doc: Doc; readonly name: string; readonly tab: string } | null;
  readonly graphs: readonly GraphDiff[];
}

export const useDiff = create<DiffState>()(() => ({ against: null, graphs: [] }));

export type DiffMark = "added" | "changed";

/** How a node of a graph differs; removed ones are not there to be marked. */
export function markOf({ graphs }: DiffState, scope: Scope, id: NodeId): DiffMark | undefined {
  const graph = graphs.find((row) => row.scope === scope);
  if (graph?.added.some((row) => row.id === id)) return "added";
  return graph?.changed.some((row) => row.id === id) ? "changed" : undefined;
}
