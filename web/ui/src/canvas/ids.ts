/** How nodes, groups, notes, links and sockets are called in React Flow and in the selection. */

import type { NodeId } from "~/core/types";

/** What an id of the selection means: a node (also "@in" and "@out"), "group:<id>" or "note:<id>". */
export interface Part {
  readonly kind: "node" | "group" | "note";
  readonly id: string;
}

export const groupId = (id: string): string => `group:${id}`;
export const noteId = (id: string): string => `note:${id}`;

export function partOf(id: string): Part {
  if (id.startsWith("group:")) return { kind: "group", id: id.slice(6) };
  if (id.startsWith("note:")) return { kind: "note", id: id.slice(5) };
  return { kind: "node", id };
}

/** The ids of one kind in a selection, without their prefix. */
export const idsOf = (selection: Iterable<string>, kind: Part["kind"]): string[] =>
  [...selection]
    .map(partOf)
    .filter((part) => part.kind === kind)
    .map((part) => part.id);

/** A link is named by its target: an input has one at most. */
export const linkId = (target: NodeId, input: string): string => `${target}/${input}`;

export function linkEnd(id: string): { target: NodeId; input: string } {
  const cut = id.indexOf("/");
  return { target: id.slice(0, cut), input: id.slice(cut + 1) };
}

export const inHandle = (name: string): string => `in:${name}`;
export const outHandle = (index: number): string => `out:${index}`;

/** A socket by its handle's name. */
export type End =
  | { readonly node: NodeId; readonly output: number }
  | { readonly node: NodeId; readonly input: string };

export function endOf(node: NodeId, handle: string | null | undefined): End | null {
  if (handle?.startsWith("in:")) return { node, input: handle.slice(3) };
  if (handle?.startsWith("out:")) return { node, output: Number(handle.slice(4)) };
  return null;
}

/** What a connection of React Flow says, if both its ends are sockets of the right kind. */
export function connectionOf(c: {
  source: string;
  target: string;
  sourceHandle?: string | null;
  targetHandle?: string | null;
}): { source: NodeId; output: number; target: NodeId; input: string } | null {
  const from = endOf(c.source, c.sourceHandle);
  const to = endOf(c.target, c.targetHandle);
  if (!from || !to || !("output" in from) || !("input" in to)) return null;
  return { source: c.source, output: from.output, target: c.target, input: to.input };
}
