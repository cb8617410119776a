/** Our file (ComfyUI's API format and a `_workflow` entry) as a document, and back. Whatever is not understood is kept,
 * so that reading and writing lose nothing. */

import type { Doc, FormItem, Json, JsonObject, Told } from "~/core/types";
import {
  ENTRIES,
  ENTRY,
  allOf,
  isObject,
  numberOf,
  objectOf,
  textOf,
  told,
  understood,
  unlessEmpty,
  without,
} from "./keep";
import { nodesOf, writtenNodes } from "./nodes";
import { readGroups, readNotes, writtenGroups, writtenNotes } from "./frames";
import { readSubgraphs, writtenSubgraphs } from "./subgraphs";

/** The entry about the whole file; for ComfyUI's programs it is a node that nobody uses. */
export const WORKFLOW = "_workflow";
export const VERSION = 1;
const CARRIER: JsonObject = { class_type: "PrimitiveString", inputs: { value: "" } };

export interface ReadFile {
  readonly doc: Doc;
  /** What the reader should know: of the namespace "files". */
  readonly warnings: readonly Told[];
  /** Nodes of the top graph for which the file tells no place; they lie in columns. */
  readonly unplaced: readonly string[];
}

/** The document in a file of ours, ComfyUI's API format included. */
export function toDoc(file: JsonObject): ReadFile {
  const { [WORKFLOW]: entry, ...entries } = file;
  const about = objectOf(objectOf(entry)["_meta"]);
  const { nodes, rest, unplaced } = nodesOf(entries);
  const read = {
    title: textOf(about["title"]),
    version: about["version"] === VERSION ? VERSION : undefined,
    groups: readGroups(about["groups"]),
    notes: readNotes(about["notes"]),
    subgraphs: readSubgraphs(about["subgraphs"]),
    form: allOf(about["form"], readItem),
  };
  const odd = isObject(entry)
    ? without(entry, ["_meta", ...Object.keys(CARRIER).filter((k) => carried(entry, k))])
    : {};
  const strange = entry === undefined || isObject(entry) ? rest : { ...rest, [WORKFLOW]: entry };
  const meta = {
    ...without(about, understood(read)),
    ...unlessEmpty(ENTRY, odd),
    ...unlessEmpty(ENTRIES, strange),
  };
  const root = { nodes, groups: read.groups ?? {}, notes: read.notes ?? {} };
  const doc = { title: read.title ?? "", root, subgraphs: read.subgraphs ?? {}, form: read.form ?? [], meta };
  return { doc, warnings: warnings(Object.keys(rest), about), unplaced };
}

function warnings(unread: readonly string[], about: JsonObject): Told[] {
  const newer = (numberOf(about["version"]) ?? 0) > VERSION;
  return [
    ...unread.map((id) => ({ key: "files:warning.no_node", args: { id } })),
    ...(newer ? [{ key: "files:warning.newer" }] : []),
  ];
}

/** The file that a document is saved as. */
export function toFile(doc: Doc): JsonObject {
  const { [ENTRIES]: rest, [ENTRY]: odd, ...kept } = doc.meta;
  const about: JsonObject = {
    ...(doc.title && { title: doc.title }),
    ...kept,
    ...unlessEmpty("groups", writtenGroups(doc.root.groups)),
    ...unlessEmpty("notes", writtenNotes(doc.root.notes)),
    ...unlessEmpty("subgraphs", writtenSubgraphs(doc.subgraphs)),
    ...unlessEmpty("form", doc.form.map(writtenItem)),
  };
  const file = { ...objectOf(rest), ...writtenNodes(doc.root.nodes) };
  if (!Object.keys(about).length && !odd) return file;
  return { ...file, [WORKFLOW]: { ...CARRIER, ...objectOf(odd), _meta: { version: VERSION, ...about } } };
}

/** Whether parsed JSON is a file that `toDoc` reads: an object whose entries are nodes. */
export function isOurs(value: Json): value is JsonObject {
  if (!isObject(value) || Array.isArray(value["nodes"])) return false;
  const entries = Object.entries(value).filter(([id]) => id !== WORKFLOW);
  return entries.every(([, entry]) => isObject(entry) && typeof entry["class_type"] === "string");
}

/** Whether a key of the entry is the same in all files. */
const carried = (entry: JsonObject, key: string) => JSON.stringify(entry[key]) === JSON.stringify(CARRIER[key]);

function readItem(item: Json): FormItem | undefined {
  const { node, input, label } = objectOf(item);
  if (typeof node !== "string" || typeof input !== "string") return undefined;
  return { node, input, ...told({ label: textOf(label) }) };
}

const writtenItem = ({ node, input, label }: FormItem): JsonObject => ({ node, input, ...told({ label }) });
