/** What React Flow is given: nodes and edges whose data are values of the document. */

import type { Edge, Node } from "@xyflow/react";
import type { NodeShape } from "~/core/geometry";
import type { GraphNode, Group, Link, NodeType, Note } from "~/core/types";

export type NodeData = {
  readonly node: GraphNode;
  readonly type: NodeType;
  readonly shape: NodeShape;
  /** Indexes of outputs that something takes from, and inputs that a subgraph's port feeds; joined by spaces. */
  readonly used: string;
  readonly fed: string;
};
export type BoundaryData = {
  readonly side: "in" | "out";
  readonly type: NodeType;
  readonly shape: NodeShape;
  readonly used: string;
  readonly fed: string;
};
export type GroupData = { readonly group: Group };
export type NoteData = { readonly note: Note };

export type NodeFlow = Node<NodeData, "node">;
export type BoundaryFlow = Node<BoundaryData, "boundary">;
export type GroupFlow = Node<GroupData, "frame">;
export type NoteFlow = Node<NoteData, "note">;
export type AnyFlow = NodeFlow | BoundaryFlow | GroupFlow | NoteFlow;

export type LinkData = {
  readonly link: Link;
  /** The wire type that flows. */
  readonly type: string;
  /** An end of it is muted: nothing flows. */
  readonly still: boolean;
};
export type LinkFlow = Edge<LinkData, "link">;
