/** Args of problems and reasons name nodes by their ids; people know them by their titles. */

import { graphOf, typeOf } from "~/core/document";
import { spotOf } from "~/core/flatten";
import type { Json, JsonObject } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { labelOf } from "./nodes";

/** Which args are ids of nodes, lists of them, or lists of [id, output]. */
const NODES = new Set(["source", "nodes", "sources"]);

/** A node's title, else its type's label; the id where the open document has no such node. */
export function nodeNamed(full: string): string {
  const { doc } = useDoc.getState();
  const spot = spotOf(doc, full);
  const node = spot && graphOf(doc, spot.scope).nodes[spot.node];
  return node ? node.title || labelOf(typeOf(doc, useServer.getState().registry, node)) : full;
}

function named(value: Json): Json {
  if (typeof value === "string") return nodeNamed(value);
  if (!Array.isArray(value)) return value;
  const [first, second] = value;
  return typeof first === "string" && typeof second === "number" ? [nodeNamed(first), second] : value.map(named);
}

/** The args with names of nodes in place of their ids. */
export const withNames = (args: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(args).map(([name, value]) => [name, NODES.has(name) ? named(value) : value]));
