/** The entries that the form shows: those that were chosen, else those that it suggests. */

import { useMemo } from "react";
import { graphOf } from "~/core/document";
import type { Doc, FormItem, Registry } from "~/core/types";
import { typeIn } from "~/core/validate";
import { inputLabel, labelOf } from "~/i18n/nodes";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { present } from "./edits";
import { suggested } from "./suggest";

export interface Items {
  readonly items: readonly FormItem[];
  /** Nobody chose them. */
  readonly automatic: boolean;
}

export const itemsOf = (doc: Doc, registry: Registry): Items => {
  const chosen = present(doc);
  return chosen.length ? { items: chosen, automatic: false } : { items: suggested(doc, registry), automatic: true };
};

export function useItems(): Items {
  const doc = useDoc((s) => s.doc);
  const registry = useServer((s) => s.registry);
  return useMemo(() => itemsOf(doc, registry), [doc, registry]);
}

/** Entries that follow each other and are of one node. */
export interface Section {
  readonly node: string;
  readonly items: readonly FormItem[];
}

export function sectionsOf(items: readonly FormItem[]): Section[] {
  const found: { node: string; items: FormItem[] }[] = [];
  for (const item of items) {
    const last = found.at(-1);
    if (last?.node === item.node) last.items.push(item);
    else found.push({ node: item.node, items: [item] });
  }
  return found;
}

/** A node's title, else its type's label. */
export function nameOf(doc: Doc, registry: Registry, node: string): string {
  const type = typeIn(doc, null, registry, node);
  return graphOf(doc, null).nodes[node]?.title || (type ? labelOf(type) : node);
}

/** What an entry is called by itself: the label that it was given, else the input's name. */
export function inputName(doc: Doc, registry: Registry, { node, input, label }: FormItem): string {
  const type = typeIn(doc, null, registry, node);
  return label ?? (type ? inputLabel(type, input) : input);
}
