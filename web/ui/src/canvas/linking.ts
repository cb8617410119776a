/** A link in the air: what it may be led to, why not, and what becomes of it where it is let go. */

import { connect, disconnect } from "~/core/edits/links";
import type { NodeId, Point, Told } from "~/core/types";
import { accepts, firstFit, typeIn, validate } from "~/core/validate";
import { downstream, upstream } from "~/core/walk";
import { useUi } from "~/stores/ui";
import { change, here } from "./edit";
import { type End, connectionOf, linkEnd, partOf } from "./ids";
import { type Linking, useCanvas } from "./store";

/** The wire type at a socket. */
export function typeAt(end: End): string {
  const { doc, scope, registry } = here();
  const type = typeIn(doc, scope, registry, end.node);
  if ("output" in end) return type?.outputs[end.output]?.type ?? "*";
  return type?.inputs[end.input]?.type ?? "*";
}

/** A link begins at a socket. `lifted`: the link that this one was until now. */
export function beginLink(from: End, lifted: string | null = null): void {
  const { graph } = here();
  const blocked = "output" in from ? upstream(graph, [from.node]) : downstream(graph, [from.node]);
  useCanvas.setState({ linking: { from, type: typeAt(from), blocked }, lifted, held: from.node });
}

/** The node that has the focus stays mounted again. */
export const endLink = (): void => useCanvas.setState({ linking: null, lifted: null, held: focused() });

/** The node that has the focus, by its flow id; groups have nothing to lose. */
export function focused(target: Element | null = document.activeElement): string | null {
  const id = target?.closest<HTMLElement>(".react-flow__node")?.dataset["id"] ?? null;
  return id !== null && partOf(id).kind === "group" ? null : id;
}

/** How a socket looks while a link is in the air: "idle" without one, else whether it would take it. */
export type Openness = "idle" | "origin" | "open" | "closed";

export function openness(linking: Linking | null, end: End, type: string): Openness {
  if (!linking) return "idle";
  const { from } = linking;
  if (sameEnd(from, end)) return "origin";
  if ("output" in from === "output" in end || linking.blocked.has(end.node)) return "closed";
  const fits = "output" in from ? accepts(linking.type, type) : accepts(type, linking.type);
  return fits ? "open" : "closed";
}

export const sameEnd = (a: End, b: End): boolean =>
  a.node === b.node && ("output" in a ? "output" in b && a.output === b.output : "input" in b && a.input === b.input);

type Flowing = Parameters<typeof connectionOf>[0];

/** Why a connection may not be made; null if it may. */
export function refusal(c: Flowing): Told | null {
  const connection = connectionOf(c);
  const { doc, scope, registry } = here();
  return connection ? validate(doc, scope, registry, connection) : { key: "graph:reason.no_such_socket" };
}

/** Make a link; `lifted` goes, unless it is the very one. */
export function link(c: Flowing, lifted: string | null = null): void {
  const made = connectionOf(c);
  if (!made) return;
  change(lifted ? "relink" : "link", (d, scope, registry) => {
    if (lifted) {
      const { target, input } = linkEnd(lifted);
      if (target !== made.target || input !== made.input) disconnect(d, scope, target, input);
    }
    connect(d, scope, made, registry);
  });
}

export function unlink(ids: Iterable<string>): void {
  const ends = [...ids].map(linkEnd);
  if (!ends.length) return;
  change("unlink", (d, scope) => ends.forEach(({ target, input }) => disconnect(d, scope, target, input)), {
    count: ends.length,
  });
  useCanvas.setState({ links: new Set() });
}

/** A new link was let go over empty canvas: the palette offers what it could be led to. */
export function offer(from: End, at: Point): void {
  if (!useUi.getState().readOnly) useUi.getState().openPalette({ at, from });
}

/** A new link was let go over a node: it goes to the first socket that takes it; says whether there is one. */
export function linkTo(from: End, node: NodeId): boolean {
  const { doc, scope, registry } = here();
  const type = node === from.node ? undefined : typeIn(doc, scope, registry, node);
  const found = type && firstFit(doc, scope, registry, from, type);
  if (found === null || found === undefined) return false;
  const c =
    "output" in from
      ? { source: from.node, output: from.output, target: node, input: String(found) }
      : { source: node, output: Number(found), target: from.node, input: from.input };
  if (validate(doc, scope, registry, c)) return false;
  return change("link", (d) => void connect(d, scope, c, registry));
}
