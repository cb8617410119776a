/** Definitions of subgraphs in a file, and back. Keys of ports that are not ours stay on the ports. */

import type { Json, JsonObject, NodeId, PortIn, PortOut, Subgraph, SubgraphId } from "~/core/types";
import { readGroups, readNotes, writtenGroups, writtenNotes } from "./frames";
import { ENTRIES, allOf, isObject, objectOf, textOf, unlessEmpty } from "./keep";
import { nodesOf, writtenNodes } from "./nodes";

/** The definitions by id; undefined for what is no table of them. */
export function readSubgraphs(value: Json | undefined): Record<SubgraphId, Subgraph> | undefined {
  if (!isObject(value) || !Object.values(value).every(isObject)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([id, raw]) => [id, readSubgraph(objectOf(raw))] as const));
}

/** What is read of a definition; a part that cannot be read stays in its meta as it is. */
const PARTS = ["title", "nodes", "inputs", "widgets", "outputs", "groups", "notes"] as const;

function readSubgraph(raw: JsonObject): Subgraph {
  const { nodes, rest } = nodesOf(objectOf(raw["nodes"]));
  const read = {
    title: textOf(raw["title"]),
    inputs: allOf(raw["inputs"], portIn),
    widgets: allOf(raw["widgets"], portIn),
    outputs: allOf(raw["outputs"], portOut),
    groups: readGroups(raw["groups"]),
    notes: readNotes(raw["notes"]),
  };
  const unread = PARTS.filter((part) => part !== "nodes" && raw[part] !== undefined && read[part] === undefined);
  const meta: JsonObject = Object.fromEntries(
    Object.entries(raw).filter(([key]) => !PARTS.some((part) => part === key) || unread.some((part) => part === key)),
  );
  Object.assign(meta, unlessEmpty(ENTRIES, rest));
  return {
    title: read.title ?? "",
    nodes,
    inputs: read.inputs ?? [],
    widgets: read.widgets ?? [],
    outputs: read.outputs ?? [],
    groups: read.groups ?? {},
    notes: read.notes ?? {},
    meta,
  };
}

function portIn(raw: Json): PortIn | undefined {
  if (!isObject(raw)) return undefined;
  const { label, ...rest } = raw;
  const name = textOf(raw["name"]);
  const to = allOf(raw["to"], end);
  if (name === undefined || !to || odd(label)) return undefined;
  return { ...rest, name, type: textOf(raw["type"]) ?? "*", to, ...(typeof label === "string" && { label }) };
}

function portOut(raw: Json): PortOut | undefined {
  if (!isObject(raw)) return undefined;
  const { label, ...rest } = raw;
  const name = textOf(raw["name"]);
  const from = source(raw["from"]);
  if (name === undefined || from === undefined || odd(label)) return undefined;
  return { ...rest, name, type: textOf(raw["type"]) ?? "*", from, ...(typeof label === "string" && { label }) };
}

const odd = (label: Json | undefined) => label !== undefined && typeof label !== "string";

function end(raw: Json): readonly [NodeId, string] | undefined {
  if (!Array.isArray(raw) || raw.length !== 2) return undefined;
  const [node, input] = raw;
  return typeof node === "string" && typeof input === "string" ? [node, input] : undefined;
}

function source(raw: Json | undefined): PortOut["from"] | undefined {
  if (raw === null || typeof raw === "string") return raw;
  if (!Array.isArray(raw) || raw.length !== 2) return undefined;
  const [node, output] = raw;
  return typeof node === "string" && typeof output === "number" ? [node, output] : undefined;
}

export function writtenSubgraphs(subgraphs: Readonly<Record<SubgraphId, Subgraph>>): JsonObject {
  return Object.fromEntries(Object.entries(subgraphs).map(([id, subgraph]) => [id, written(subgraph)]));
}

function written(subgraph: Subgraph): JsonObject {
  const { [ENTRIES]: rest, ...meta } = subgraph.meta;
  return {
    title: subgraph.title,
    nodes: { ...objectOf(rest), ...writtenNodes(subgraph.nodes) },
    inputs: [],
    outputs: [],
    ...meta,
    ...unlessEmpty("inputs", subgraph.inputs.map(writtenIn)),
    ...unlessEmpty("widgets", subgraph.widgets.map(writtenIn)),
    ...unlessEmpty("outputs", subgraph.outputs.map(writtenOut)),
    ...unlessEmpty("groups", writtenGroups(subgraph.groups)),
    ...unlessEmpty("notes", writtenNotes(subgraph.notes)),
  };
}

const writtenIn = ({ to, ...port }: PortIn): JsonObject => ({ ...port, to: to.map(([node, input]) => [node, input]) });

const writtenOut = ({ from, ...port }: PortOut): JsonObject => ({
  ...port,
  from: typeof from === "string" || from === null ? from : [from[0], from[1]],
});
