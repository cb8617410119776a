/** Taking instances of subgraphs apart, and giving them definitions of their own. */

import { type Draft, produce } from "immer";
import { passes } from "../bypass";
import { graphOf, newKeys } from "../document";
import { type DocDraft, graphIn, now, subgraphIn } from "../draft";
import { equal } from "../equal";
import { flattened } from "../flat";
import { HEADER, WIDTH } from "../geometry";
import { INPUTS, SUBGRAPH, subgraphIdOf } from "../names";
import type {
  Doc,
  GraphNode,
  Json,
  Link,
  NodeId,
  Point,
  PortIn,
  PortOut,
  Registry,
  Scope,
  Subgraph,
  SubgraphId,
} from "../types";
import { usesOf } from "../walk";
import { portsOf, sourceOf } from "../wires";
import { boxAround } from "./frames";
import { dropDefinitions, dropEmptyWidgets, instancesOf } from "./ports";

/** What an instance is given for one of its inputs: a link, or a port of the subgraph around, or a value, or both of
 * these last two (the value counts where the port is given nothing). */
interface Given {
  readonly link?: Link;
  readonly port?: number;
  readonly value?: Json;
}

/** All that is known of an instance while it is taken apart. */
interface Parts {
  readonly d: DocDraft;
  readonly scope: Scope;
  readonly instance: NodeId;
  readonly inner: Subgraph;
  /** New ids by those inside. */
  readonly ids: ReadonlyMap<NodeId, NodeId>;
  given(name: string): Given;
  /** What stands behind an output: a node inside, an input of the instance by its name, or nothing. */
  behind(output: number): PortOut["from"];
}

/** Put what an instance holds in its place. Gives the new nodes' ids; none where it is no instance. What took from a
 * bypassed one takes from the nodes inside, bypassed too, where that runs alike; else from what passed through it. */
export function unpack(d: DocDraft, scope: Scope, registry: Registry, id: NodeId): NodeId[] {
  const doc: Doc = now(d);
  const instance = graphOf(doc, scope).nodes[id];
  if (instance?.mode !== "bypass") return takenApart(d, scope, registry, id, null);
  const tried = produce(doc, (trial) => void takenApart(trial, scope, registry, id, null));
  return takenApart(d, scope, registry, id, runsAlike(doc, tried, registry) ? null : passes(doc, registry, instance));
}

/** Whether the same nodes are given the same. */
function runsAlike(one: Doc, two: Doc, registry: Registry): boolean {
  const [first, second] = [flattened(one, registry), flattened(two, registry)];
  return first.size === second.size && [...first].every(([id, { args }]) => equal(args, second.get(id)?.args));
}

/** `through`: the inputs that stand for the outputs, where they are not what the definition says. */
function takenApart(
  d: DocDraft,
  scope: Scope,
  registry: Registry,
  id: NodeId,
  through: readonly (string | null)[] | null,
): NodeId[] {
  const doc: Doc = now(d);
  const graph = graphIn(d, scope);
  const instance = graphOf(doc, scope).nodes[id];
  const subgraphId = instance ? subgraphIdOf(instance.type) : null;
  const inner = subgraphId === null ? undefined : doc.subgraphs[subgraphId];
  if (!graph || !instance || !inner || subgraphId === null) return [];
  const ids = freeIds(Object.keys(inner.nodes), graphOf(doc, scope).nodes, id);
  const parts: Parts = {
    d,
    scope,
    instance: id,
    inner,
    ids,
    given: (name) => given(doc, scope, id, instance, name),
    behind: (output) => (through ? through[output] : inner.outputs[output]?.from) ?? null,
  };
  const uses = usesOf(graphOf(doc, scope)).get(id) ?? [];
  const by = offset(doc, registry, subgraphId, instance);
  delete graph.nodes[id];
  for (const [old, node] of Object.entries(inner.nodes))
    graph.nodes[ids.get(old) ?? old] = lifted(node, by, ids, instance.mode);
  liftFrames(d, scope, inner, by);
  for (const port of portsOf(inner)) giveAll(parts, port);
  for (const use of uses) leadOn(parts, use.target, use.input, use.output);
  leadOut(parts);
  if (scope === null) liftForm(parts);
  else dropEmptyWidgets(d, scope);
  dropDefinitions(d, [subgraphId]);
  return [...ids.values()];
}

/** Ids inside stay where they are free outside. */
function freeIds(wanted: readonly NodeId[], there: object, leaving: NodeId): Map<NodeId, NodeId> {
  const taken = wanted.filter((id) => id in there && id !== leaving);
  const fresh = newKeys({ ...there, ...Object.fromEntries(wanted.map((id) => [id, true])) }, taken.length);
  const renamed = new Map(taken.map((id, n) => [id, fresh[n] ?? id]));
  return new Map(wanted.map((id) => [id, renamed.get(id) ?? id]));
}

function given(doc: Doc, scope: Scope, id: NodeId, instance: GraphNode, name: string): Given {
  const link = instance.links[name];
  if (link) return { link };
  const end = sourceOf(doc, scope, id, name);
  const value = instance.values[name];
  return { ...(end?.node === INPUTS && { port: end.output }), ...(value !== undefined && { value }) };
}

/** How far all must move so that its middle comes to lie where the instance is. */
function offset(doc: Doc, registry: Registry, id: SubgraphId, instance: GraphNode): Point {
  const box = boxAround(doc, id, registry, Object.keys(doc.subgraphs[id]?.nodes ?? {}));
  if (!box) return [0, 0];
  const [x, y] = [box.pos[0] + box.size[0] / 2 - WIDTH / 2, box.pos[1] + box.size[1] / 2 - HEADER];
  return [instance.pos[0] - Math.round(x), instance.pos[1] - Math.round(y)];
}

const plus = (a: Point, b: Point): [number, number] => [a[0] + b[0], a[1] + b[1]];

function lifted(
  node: GraphNode,
  by: Point,
  ids: ReadonlyMap<NodeId, NodeId>,
  mode: GraphNode["mode"],
): Draft<GraphNode> {
  const links = Object.entries(node.links).map(([input, link]) => {
    const points = link.points && { points: link.points.map((p) => plus(p, by)) };
    return [input, { ...link, node: ids.get(link.node) ?? link.node, ...points }] as const;
  });
  const own = mode === "mute" ? mode : (node.mode ?? mode);
  return structuredClone({
    ...node,
    ...(own && { mode: own }),
    pos: plus(node.pos, by),
    links: Object.fromEntries(links),
  }) as Draft<GraphNode>;
}

function liftFrames(d: DocDraft, scope: Scope, inner: Subgraph, by: Point): void {
  const graph = graphIn(d, scope);
  for (const part of ["groups", "notes"] as const) {
    const frames = Object.values(inner[part]);
    const keys = newKeys(now(graph?.[part]) ?? {}, frames.length);
    for (const [n, frame] of frames.entries())
      Object.assign(graph?.[part] ?? {}, { [keys[n] ?? ""]: structuredClone({ ...frame, pos: plus(frame.pos, by) }) });
  }
}

/** What the instance was given goes to all that its port feeds. */
function giveAll(parts: Parts, port: PortIn): void {
  const what = parts.given(port.name);
  const around = subgraphIn(parts.d, parts.scope);
  const outer = what.port === undefined ? undefined : around && [...around.inputs, ...around.widgets][what.port];
  if (outer) outer.to = outer.to.filter(([id, name]) => id !== parts.instance || name !== port.name);
  for (const [id, input] of port.to) give(parts, parts.ids.get(id) ?? id, input, what);
}

function give({ d, scope }: Parts, target: NodeId, input: string, { link, port, value }: Given): void {
  const node = graphIn(d, scope)?.nodes[target];
  const around = subgraphIn(d, scope);
  if (!node) return;
  if (link) node.links[input] = structuredClone(link) as Draft<Link>;
  if (value !== undefined) node.values[input] = structuredClone(value) as Draft<Json>;
  const outer = port === undefined ? undefined : around && [...around.inputs, ...around.widgets][port];
  outer?.to.push([target, input]);
}

/** An input that took from the instance takes from what stood behind that output. */
function leadOn(parts: Parts, target: NodeId, input: string, output: number): void {
  const node = graphIn(parts.d, parts.scope)?.nodes[target];
  const from = parts.behind(output);
  const link = node?.links[input];
  if (!node || !link) return;
  if (from !== null && typeof from !== "string") {
    link.node = parts.ids.get(from[0]) ?? from[0];
    link.output = from[1];
    return;
  }
  delete node.links[input];
  if (from !== null) give(parts, target, input, parts.given(from));
}

function leadOut(parts: Parts): void {
  const around = subgraphIn(parts.d, parts.scope);
  for (const port of around?.outputs ?? []) {
    if (!Array.isArray(port.from) || port.from[0] !== parts.instance) continue;
    const from = parts.behind(port.from[1]);
    if (from === null) port.from = null;
    else if (typeof from !== "string") port.from = [parts.ids.get(from[0]) ?? from[0], from[1]];
    else {
      const { link, port: n } = parts.given(from);
      const straight = n === undefined ? null : [...(around?.inputs ?? []), ...(around?.widgets ?? [])][n]?.name;
      port.from = link ? [link.node, link.output] : (straight ?? null);
    }
  }
}

/** The form shows the input itself that the instance showed. */
function liftForm({ d, instance, inner, ids }: Parts): void {
  if (!now(d.form).some((item) => item.node === instance)) return;
  d.form = d.form.flatMap((item) => {
    if (item.node !== instance) return [item];
    const [id, input] = portsOf(inner).find((p) => p.name === item.input)?.to[0] ?? [];
    return id === undefined || input === undefined ? [] : [{ ...item, node: ids.get(id) ?? id, input }];
  });
}

/** Give an instance a definition of its own where others share it. Gives the new definition's id. */
export function detach(d: DocDraft, scope: Scope, id: NodeId): SubgraphId | null {
  const node = graphIn(d, scope)?.nodes[id];
  const shared = node ? subgraphIdOf(node.type) : null;
  const definition = shared === null ? undefined : now(d.subgraphs)[shared];
  if (!node || !definition || shared === null || instancesOf(d, shared).length < 2) return null;
  const own = newKeys(now(d.subgraphs), 1)[0] ?? "1";
  d.subgraphs[own] = structuredClone({ ...definition, title: nextTitle(now(d), definition.title) }) as Draft<Subgraph>;
  node.type = SUBGRAPH + own;
  return own;
}

function nextTitle(doc: Doc, title: string): string {
  const taken = new Set(Object.values(doc.subgraphs).map((s) => s.title));
  const plain = title.replace(/ \d+$/, "");
  let n = 2;
  while (taken.has(`${plain} ${n}`)) n++;
  return `${plain} ${n}`;
}
