/** Nodes of a file as nodes of a graph, and back. */

import type { GraphNode, Json, JsonObject, Link, Mode, NodeId, Point } from "~/core/types";
import {
  ENTRY,
  allOf,
  flagOf,
  isObject,
  objectOf,
  own,
  pair,
  pairOf,
  textOf,
  told,
  understood,
  unlessEmpty,
  without,
} from "./keep";

interface ReadNodes {
  readonly nodes: Record<NodeId, GraphNode>;
  /** Entries that are no nodes. */
  readonly rest: JsonObject;
  readonly unplaced: NodeId[];
}

/** The nodes among the entries of a file; those without a place get one. */
export function nodesOf(entries: JsonObject): ReadNodes {
  const nodes: Record<NodeId, GraphNode> = {};
  const rest: JsonObject = {};
  const unplaced: NodeId[] = [];
  for (const [id, entry] of Object.entries(entries)) {
    const node = id && isObject(entry) ? readNode(entry) : null;
    if (!node) rest[id] = entry;
    else {
      nodes[id] = node;
      const meta = isObject(entry) && isObject(entry["_meta"]) ? entry["_meta"] : {};
      if (!pairOf(meta["pos"])) unplaced.push(id);
    }
  }
  return { nodes: unplaced.length ? placed(nodes, new Set(unplaced)) : nodes, rest, unplaced };
}

function readNode(entry: JsonObject): GraphNode | null {
  const type = textOf(entry["class_type"]);
  const inputs = entry["inputs"] ?? {};
  const about = entry["_meta"] ?? {};
  if (type === undefined || !isObject(inputs) || !isObject(about)) return null;
  const { values, links } = readInputs(inputs, about);
  const looks = {
    title: textOf(about["title"]),
    pos: pairOf(about["pos"]),
    size: pairOf(about["size"]),
    collapsed: flagOf(about["collapsed"]),
    pinned: flagOf(about["pinned"]),
    color: textOf(about["color"]),
    mode: modeOf(about["mode"]),
  };
  const meta = without(about, [...understood(looks), "reroutes", "kept"]);
  Object.assign(
    meta,
    unlessEmpty("reroutes", without(objectOf(about["reroutes"]), dotted(links))),
    unlessEmpty("kept", without(objectOf(about["kept"]), Object.keys(links))),
    unlessEmpty(ENTRY, without(entry, ["class_type", "inputs", "_meta"])),
  );
  return { type, values, links, ...told(looks), pos: looks.pos ?? [0, 0], meta };
}

const dotted = (links: Readonly<Record<string, Link>>) => Object.keys(links).filter((name) => own(links, name)?.points);

const modeOf = (value: Json | undefined): Mode | undefined =>
  value === "mute" || value === "bypass" ? value : undefined;

function readInputs(inputs: JsonObject, about: JsonObject) {
  const values: JsonObject = {};
  const links: Record<string, Link> = {};
  const reroutes = objectOf(about["reroutes"]);
  const kept = objectOf(about["kept"]);
  for (const [name, value] of Object.entries(inputs)) {
    const link = readLink(value);
    if (!link) values[name] = plain(value);
    else {
      const points = allOf(own(reroutes, name), pairOf);
      links[name] = points?.length ? { ...link, points } : link;
      const aside = own(kept, name);
      if (aside !== undefined) values[name] = aside;
    }
  }
  return { values, links };
}

function readLink(value: Json): Link | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [node, output] = value;
  return typeof node === "string" && typeof output === "number" && Number.isInteger(output) ? { node, output } : null;
}

/** A constant: `{"__value__": x}` is x, all else is itself. */
function plain(value: Json): Json {
  const [only, ...others] = isObject(value) ? Object.entries(value) : [];
  return only?.[0] === "__value__" && !others.length ? only[1] : value;
}

/** Lists are wrapped, so that nobody takes them for links; so is what looks wrapped itself. */
function wrapped(value: Json): Json {
  return Array.isArray(value) || (isObject(value) && Object.hasOwn(value, "__value__")) ? { __value__: value } : value;
}

export function writtenNodes(nodes: Readonly<Record<NodeId, GraphNode>>): JsonObject {
  return Object.fromEntries(Object.entries(nodes).map(([id, node]) => [id, written(node)]));
}

function written(node: GraphNode): JsonObject {
  const { [ENTRY]: beside, ...meta } = node.meta;
  const inputs: JsonObject = {};
  for (const [name, value] of Object.entries(node.values)) inputs[name] = wrapped(value);
  for (const [name, link] of Object.entries(node.links)) inputs[name] = [link.node, link.output];
  const about: JsonObject = { ...told({ title: node.title }), pos: pair(node.pos) };
  if (node.size) about["size"] = pair(node.size);
  Object.assign(about, told({ collapsed: node.collapsed, pinned: node.pinned, color: node.color, mode: node.mode }));
  const rest = without(meta, [...Object.keys(about), "reroutes", "kept"]);
  const reroutes = unlessEmpty("reroutes", { ...objectOf(meta["reroutes"]), ...pointsOf(node.links) });
  const kept = unlessEmpty("kept", { ...objectOf(meta["kept"]), ...keptOf(node) });
  return {
    ...objectOf(beside),
    class_type: node.type,
    inputs,
    _meta: { ...about, ...rest, ...reroutes, ...kept },
  };
}

const pointsOf = (links: Readonly<Record<string, Link>>): JsonObject =>
  Object.fromEntries(
    Object.entries(links).flatMap(([name, link]) => (link.points?.length ? [[name, link.points.map(pair)]] : [])),
  );

const keptOf = (node: GraphNode): JsonObject =>
  Object.fromEntries(Object.entries(node.values).filter(([name]) => Object.hasOwn(node.links, name)));

const COLUMN = 340;
const GAP = 40;
const HEAD = 60;
const ROW = 30;

/** Nodes without a place in columns by their distance from the beginning, under all that have one. */
function placed(nodes: Record<NodeId, GraphNode>, homeless: ReadonlySet<NodeId>): Record<NodeId, GraphNode> {
  const housed = Object.entries(nodes).filter(([id]) => !homeless.has(id));
  const base = housed.length ? Math.max(...housed.map(([, n]) => n.pos[1] + (n.size?.[1] ?? 300))) + GAP : 0;
  const left = housed.length ? Math.min(...housed.map(([, n]) => n.pos[0])) : 0;
  const depth = depths(nodes);
  const filled = new Map<number, number>();
  return Object.fromEntries(
    Object.entries(nodes).map(([id, node]) => {
      if (!homeless.has(id)) return [id, node];
      const column = depth.get(id) ?? 0;
      const top = filled.get(column) ?? base;
      const rows = Object.keys(node.links).length + Object.keys(node.values).length;
      filled.set(column, top + (node.size?.[1] ?? HEAD + ROW * Math.max(2, rows)) + GAP);
      const pos: Point = [left + column * COLUMN, top];
      return [id, { ...node, pos }];
    }),
  );
}

/** How many links lie at most between a node and one without inputs; links that go round count once. */
function depths(nodes: Readonly<Record<NodeId, GraphNode>>): Map<NodeId, number> {
  const found = new Map<NodeId, number>();
  const open = new Set<NodeId>();
  const stack = Object.keys(nodes);
  while (stack.length) {
    const id = stack.at(-1) ?? "";
    const sources = found.has(id) ? [] : Object.values(own(nodes, id)?.links ?? {}).map((link) => link.node);
    const todo = sources.filter((s) => own(nodes, s) && !found.has(s) && !open.has(s));
    if (todo.length && !open.has(id)) {
      open.add(id);
      stack.push(...todo);
      continue;
    }
    if (!found.has(id)) found.set(id, Math.max(0, ...sources.map((s) => (found.get(s) ?? -1) + 1)));
    stack.pop();
  }
  return found;
}
