/** What rows are called, in the reader's language. */

import i18next from "i18next";
import { graphOf } from "~/core/document";
import { INPUTS, OUTPUTS } from "~/core/names";
import type { Doc, NodeId, NodeType, Registry, Scope } from "~/core/types";
import { typeIn } from "~/core/validate";
import { inputLabel, labelOf, outputLabel } from "~/i18n/nodes";
import { scopeOf } from "~/stores/ui";
import type { Row } from "./tree";

const BOUNDARY: Readonly<Record<string, string>> = {
  [INPUTS]: "outline:boundary.in",
  [OUTPUTS]: "outline:boundary.out",
};

/** A node's title, else its type's label; of a subgraph's boundary what it is. */
export function nodeName(doc: Doc, registry: Registry, scope: Scope, id: NodeId): string {
  const boundary = BOUNDARY[id];
  if (boundary) return i18next.t(boundary);
  const type = typeIn(doc, scope, registry, id);
  return graphOf(doc, scope).nodes[id]?.title || (type ? labelOf(type) : id);
}

export function rowName(doc: Doc, registry: Registry, row: Row): string {
  const scope = scopeOf(row.path);
  const graph = graphOf(doc, scope);
  if (row.kind === "node") return nodeName(doc, registry, scope, row.id);
  if (row.kind === "group") return graph.groups[row.id]?.title || i18next.t("outline:group");
  return firstLine(graph.notes[row.id]?.text ?? "") || i18next.t("outline:note");
}

const firstLine = (text: string): string => {
  const line = text.split("\n").find((l) => l.trim()) ?? "";
  return line.replace(/^[#>*\-\s]+/, "").slice(0, 80);
};

/** The name of an input; the last of a boundary makes a port. */
export const inName = (type: NodeType, name: string): string =>
  type.name === OUTPUTS && Number(name) === Object.keys(type.inputs).length - 1
    ? i18next.t("outline:boundary.new")
    : inputLabel(type, name);

export const outName = (type: NodeType, index: number): string =>
  type.name === INPUTS && index === type.outputs.length - 1
    ? i18next.t("outline:boundary.new")
    : outputLabel(type, index);
