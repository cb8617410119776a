/** The socket that a connection is being chosen for. */

import { create } from "zustand";
import type { Scope } from "~/core/types";
import type { From } from "~/core/validate";
import { scopeOf, useUi } from "~/stores/ui";

export interface Wish {
  readonly scope: Scope;
  readonly from: From;
}

export const useConnecting = create<{ readonly wish: Wish | null }>()(() => ({ wish: null }));

export const openConnect = (wish: Wish | null): void => useConnecting.setState({ wish });

/** What a command was given, about the graph on the canvas: {node, input} or {node, output}. */
export function wishOf(args: unknown): Wish | null {
  if (typeof args !== "object" || args === null || !("node" in args) || typeof args.node !== "string") return null;
  const scope = scopeOf(useUi.getState().path);
  if ("input" in args && typeof args.input === "string") return { scope, from: { node: args.node, input: args.input } };
  if ("output" in args && typeof args.output === "number")
    return { scope, from: { node: args.node, output: args.output } };
  return null;
}
