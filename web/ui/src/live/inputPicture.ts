/** The picture that a node loads: known before any run. */

import { useMemo } from "react";
import { placeOf } from "~/api/files";
import type { Place } from "~/api/schema";
import { graphOf, typeOf } from "~/core/document";
import type { Doc, Registry } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { spotOf } from "./place";

/** The value of the node's input that takes a file of the input folder; "" without one. */
export function inputValue(doc: Doc, registry: Registry, id: string): string {
  const spot = spotOf(doc, id);
  const node = spot && graphOf(doc, spot.scope).nodes[spot.node];
  if (!node) return "";
  const inputs = Object.entries(typeOf(doc, registry, node).inputs);
  const [name, def] = inputs.find(([, input]) => input.file === "input") ?? [];
  if (name === undefined || node.links[name]) return "";
  const value = node.values[name] ?? def?.default;
  return typeof value === "string" ? value : "";
}

export function useInputPicture(id: string): Place | null {
  const registry = useServer((s) => s.registry);
  const value = useDoc((s) => inputValue(s.doc, registry, id));
  return useMemo(() => (value ? placeOf(value) : null), [value]);
}
