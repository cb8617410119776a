/** What a socket may be connected with: every socket of the other side in its graph, each with why it does not fit. */

import { graphOf } from "~/core/document";
import { INPUTS, OUTPUTS } from "~/core/names";
import type { Doc, NodeId, Registry, Scope, Told } from "~/core/types";
import { type From, typeIn, validate } from "~/core/validate";
import { ordered } from "~/core/walk";
import { type Connection, sourceOf } from "~/core/wires";

export interface End {
  readonly connection: Connection;
  /** The node at the other end. */
  readonly node: NodeId;
  /** null: it fits. */
  readonly reason: Told | null;
  /** It is what the socket is connected with now. */
  readonly current: boolean;
  /** The wire types are the very same. */
  readonly exact: boolean;
}

const nodesOf = (doc: Doc, scope: Scope): NodeId[] => {
  const ids = ordered(graphOf(doc, scope));
  return scope === null ? ids : [INPUTS, ...ids, OUTPUTS];
};

/** All ends for a socket: those that fit first, of these the same type first; nearer nodes before farther ones. */
export function endsFor(doc: Doc, scope: Scope, registry: Registry, from: From): End[] {
  const ids = nodesOf(doc, scope).filter((id) => id !== from.node);
  const found =
    "input" in from
      ? ids.toReversed().flatMap((id) => sources(doc, scope, registry, from.node, from.input, id))
      : ids.flatMap((id) => targets(doc, scope, registry, from.node, from.output, id));
  const rank = (end: End) => (end.reason ? 2 : end.exact ? 0 : 1);
  return found.toSorted((a, b) => rank(a) - rank(b));
}

function sources(doc: Doc, scope: Scope, registry: Registry, target: NodeId, input: string, node: NodeId): End[] {
  const now = sourceOf(doc, scope, target, input);
  const wanted = typeIn(doc, scope, registry, target)?.inputs[input]?.type;
  return (typeIn(doc, scope, registry, node)?.outputs ?? []).map((output, n) => {
    const connection = { source: node, output: n, target, input };
    return {
      connection,
      node,
      reason: validate(doc, scope, registry, connection),
      current: now?.node === node && now.output === n,
      exact: output.type === wanted,
    };
  });
}

function targets(doc: Doc, scope: Scope, registry: Registry, source: NodeId, output: number, node: NodeId): End[] {
  const given = typeIn(doc, scope, registry, source)?.outputs[output]?.type;
  return Object.entries(typeIn(doc, scope, registry, node)?.inputs ?? {}).map(([input, def]) => {
    const connection = { source, output, target: node, input };
    const now = sourceOf(doc, scope, node, input);
    return {
      connection,
      node,
      reason: validate(doc, scope, registry, connection),
      current: now?.node === source && now.output === output,
      exact: def.type === given,
    };
  });
}
