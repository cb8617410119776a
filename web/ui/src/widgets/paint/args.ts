import type { NodeId, Scope } from "~/core/types";

/** What the painter is opened for; it is the dialog "paint". */
export interface PaintArgs {
  /** A mask becomes the picture's transparency; a sketch is a new picture. */
  readonly mode: "mask" | "sketch";
  readonly scope: Scope;
  readonly node: NodeId;
  /** The input that takes the picture. */
  readonly input: string;
  /** The picture below, as the input names it; "" for none. */
  readonly value: string;
}
