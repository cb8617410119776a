/** What may be added to the graph that is shown: node types, subgraphs of the document, frames and notes. */

import i18next from "i18next";
import { SUBGRAPH, typeOf } from "~/core/document";
import { type Field, type Index, indexed } from "~/core/search";
import type { GraphNode, NodeType } from "~/core/types";
import { firstFit, refusedIn, typeIn } from "~/core/validate";
import { categoryLabel, helpOf, inputLabel, labelOf } from "~/i18n/nodes";
import type { From, Here } from "~/shell/here";

export interface Offer {
  /** The node type's name; "@group", "@note". */
  readonly id: string;
  readonly label: string;
  readonly help: string;
  /** The path in the definition: "sampling/custom_sampling"; "@document" of subgraphs, "" of frames and notes. */
  readonly category: string;
  /** None of frames and notes. */
  readonly type: NodeType | null;
  /** Where the hanging link would lead: an input's name or an output's index. */
  readonly socket: string | number | null;
}

export const GROUP = "@group";
export const NOTE = "@note";
/** The category of the document's own subgraphs. */
export const OWN = "@document";

/** Categories that are seldom wanted come last. */
const LAST = /^(?:_|deprecated)/;
const last = (path: string) => (path === "" ? 2 : LAST.test(path) ? 1 : 0);

function instance(type: string): GraphNode {
  return { type, values: {}, links: {}, pos: [0, 0], meta: {} };
}

function typesIn({ doc, scope, registry }: Here): NodeType[] {
  const own = Object.keys(doc.subgraphs)
    .map((id) => SUBGRAPH + id)
    .filter((type) => refusedIn(doc, scope, type) === null)
    .map((type) => ({ ...typeOf(doc, registry, instance(type)), category: OWN }));
  return [...Object.values(registry), ...own];
}

const frame = (id: string, key: string): Offer => ({
  id,
  label: i18next.t(`shell:palette.${key}`),
  help: i18next.t(`shell:palette.${key}Help`),
  category: "",
  type: null,
  socket: null,
});

/** The wire type of the socket that a link hangs on. */
export function wireOf({ doc, scope, registry }: Here, from: From): string | undefined {
  const type = typeIn(doc, scope, registry, from.node);
  return "output" in from ? type?.outputs[from.output]?.type : type?.inputs[from.input]?.type;
}

/** Before what takes anything comes what takes (or gives) just this wire type. */
function looseness({ type, socket }: Offer, wire: string | undefined): number {
  if (wire === undefined || socket === null) return 0;
  const fit = typeof socket === "string" ? type?.inputs[socket] : type?.outputs[socket];
  return fit?.type === wire ? 0 : 1;
}

/** All that may be added; for a hanging link, what has a socket for it. Sorted and named in the language, which is the
 * reader's. */
export function offersFor(at: Here, from: From | undefined, language: string): Offer[] {
  const offers = typesIn(at).map((type): Offer => {
    const socket = from ? firstFit(at.doc, at.scope, at.registry, from, type) : null;
    return { id: type.name, label: labelOf(type), help: helpOf(type), category: type.category, type, socket };
  });
  const wire = from && wireOf(at, from);
  const rank = (offer: Offer) => 2 * last(offer.category) + looseness(offer, wire);
  const sorted = offers.toSorted((a, b) => rank(a) - rank(b) || a.label.localeCompare(b.label, language));
  return from
    ? sorted.filter((offer) => offer.socket !== null)
    : [...sorted, frame(GROUP, "group"), frame(NOTE, "note")];
}

/** Words that people use for a node type and its texts do not have. */
function aliases(id: string): Field[] {
  const told: unknown = i18next.t(`shell:alias.${id}`, { defaultValue: "" });
  const english: unknown = i18next.t(`shell:alias.${id}`, { defaultValue: "", lng: "en" });
  return [told, english].flatMap((text) => (typeof text === "string" && text ? [{ text, weight: 0.85 }] : []));
}

function fieldsOf({ id, label, category, type }: Offer): Field[] {
  const fields: Field[] = [
    { text: label, weight: 1.05 },
    { text: id, weight: 1 },
    { text: categoryOf(category), weight: 0.6 },
    { text: category, weight: 0.55 },
    ...aliases(id),
  ];
  if (!type) return fields;
  const sockets = [...Object.values(type.inputs), ...type.outputs].map((socket) => socket.type);
  for (const language of ["en", "vi"]) fields.push({ text: labelOf(type, language), weight: 0.95 });
  for (const text of new Set(sockets)) fields.push({ text, weight: 0.5 });
  for (const name of Object.keys(type.inputs)) fields.push({ text: inputLabel(type, name), weight: 0.4 });
  return fields;
}

/** Ready to be searched. */
export const indexOf = (offers: readonly Offer[]): Index =>
  indexed(offers.map((offer) => ({ id: offer.id, fields: fieldsOf(offer) })));

/** A category's path as the reader knows it. */
export const categoryOf = (path: string): string =>
  path === OWN ? i18next.t("shell:palette.own") : path === "" ? i18next.t("shell:palette.frames") : categoryLabel(path);

/** Whether a category is, or lies in, another. */
export const within = (category: string, path: string): boolean => category === path || category.startsWith(`${path}/`);

/** The categories right below a path (the top ones below null), with how much they hold. */
export function categoriesIn(offers: readonly Offer[], path: string | null): { path: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { category } of offers) {
    if (path !== null && !category.startsWith(`${path}/`)) continue;
    const depth = path === null ? 1 : path.split("/").length + 1;
    const below = category.split("/").slice(0, depth).join("/");
    counts.set(below, (counts.get(below) ?? 0) + 1);
  }
  return [...counts]
    .map(([below, count]) => ({ path: below, count }))
    .toSorted(
      (a, b) => last(a.path) - last(b.path) || categoryOf(a.path).localeCompare(categoryOf(b.path), i18next.language),
    );
}
