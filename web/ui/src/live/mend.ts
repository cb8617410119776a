/** What would mend a problem, as edits to choose from: one table row for each kind that the server knows. */

import { graphOf } from "~/core/document";
import { type DocDraft, graphIn } from "~/core/draft";
import { connect, disconnect } from "~/core/edits/links";
import { setValue } from "~/core/edits/nodes";
import type { Doc, Graph, Json, JsonObject, Registry } from "~/core/types";
import { labelOf } from "~/i18n/nodes";
import { insertBefore } from "./mendInsert";
import { originOf, type Spot, spotOf } from "./place";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import type { Problem } from "~/stores/run";

/** One way to mend a problem. */
export interface Remedy {
  /** Tells it from the problem's other remedies: a value, a node's title, a type; "" where there is only one. */
  readonly label: string;
  apply(draft: DocDraft): void;
}

export interface Case {
  readonly doc: Doc;
  readonly registry: Registry;
  readonly problem: Problem;
  readonly args: JsonObject;
  /** Where the node is. */
  readonly spot: Spot;
  /** Where the input's value or link is: outside of the subgraph, if a port feeds it. */
  readonly origin: { readonly spot: Spot; readonly input: string };
}

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const shown = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Give the input a value; a link that was there goes. */
const use = (c: Case, value: Json, label = ""): Remedy => ({
  label,
  apply: (d) => {
    const { spot, input } = c.origin;
    disconnect(d, spot.scope, spot.node, input);
    setValue(d, spot.scope, spot.node, input, value);
  },
});

const titleOf = (graph: Graph, registry: Registry, id: string): string => {
  const node = graph.nodes[id];
  const type = registry[node?.type ?? ""];
  return node?.title || (type ? labelOf(type) : id);
};

/** Outputs to connect: those in the same graph as the input. */
function sources(c: Case): Remedy[] {
  const { scope, path, node } = c.origin.spot;
  const prefix = path.map((step) => `${step.instance}:`).join("");
  const graph = graphOf(c.doc, scope);
  return list(c.args["sources"]).flatMap((source) => {
    const [full, output] = list(source);
    if (typeof full !== "string" || typeof output !== "number" || !full.startsWith(prefix)) return [];
    const id = full.slice(prefix.length);
    if (!graph.nodes[id] || id === node) return [];
    const link = { source: id, output, target: node, input: c.origin.input };
    return [{ label: titleOf(graph, c.registry, id), apply: (d: DocDraft) => void connect(d, scope, link) }];
  });
}

const nodeIn = (d: DocDraft, spot: Spot) => graphIn(d, spot.scope)?.nodes[spot.node];

/** What the node has under a name that its type does not know. */
function rename(c: Case, to: string | null): Remedy {
  return {
    label: "",
    apply: (d) => {
      const node = nodeIn(d, c.spot);
      const name = c.problem.input;
      if (!node || name === null) return;
      const value = node.values[name];
      const link = node.links[name];
      delete node.values[name];
      delete node.links[name];
      if (to === null) return;
      if (value !== undefined) node.values[to] ??= value;
      if (link) node.links[to] ??= link;
    },
  };
}

const retype = (c: Case, type: string): Remedy => ({
  label: type,
  apply: (d) => {
    const node = nodeIn(d, c.spot);
    if (node) node.type = type;
  },
});

const KINDS: Readonly<Record<string, (c: Case) => readonly Remedy[]>> = {
  set: (c) => (c.args["value"] === undefined ? [] : [use(c, c.args["value"])]),
  choose: (c) => list(c.args["options"]).map((option) => use(c, option, shown(option))),
  connect: sources,
  disconnect: (c) => [
    { label: "", apply: (d) => disconnect(d, c.origin.spot.scope, c.origin.spot.node, c.origin.input) },
  ],
  remove: (c) => [rename(c, null)],
  rename: (c) => (typeof c.args["to"] === "string" ? [rename(c, c.args["to"])] : []),
  retype: (c) => list(c.args["options"]).flatMap((type) => (typeof type === "string" ? [retype(c, type)] : [])),
  insert: insertBefore,
};

/** Each way to mend a problem; none if the server knows of none, or its place is not in the document any more. */
export function remediesOf(doc: Doc, registry: Registry, problem: Problem): readonly Remedy[] {
  const spot = problem.node === null ? null : spotOf(doc, problem.node);
  if (!problem.mend || !spot || !Object.hasOwn(KINDS, problem.mend.kind)) return [];
  const origin = problem.input === null ? { spot, input: "" } : originOf(doc, spot, problem.input);
  return KINDS[problem.mend.kind]?.({ doc, registry, problem, args: problem.mend.args, spot, origin }) ?? [];
}

/** Mend it: one edit, which undo takes back. */
export function mend(problem: Problem, remedy: Remedy): void {
  useDoc.getState().edit({ key: "live:edit.mend", args: { node: problem.node ?? "" } }, remedy.apply);
}

/** Of the document as it is now. */
export const remediesNow = (problem: Problem): readonly Remedy[] =>
  remediesOf(useDoc.getState().doc, useServer.getState().registry, problem);
