/** Errors and warnings that the server tells as an English sentence with gaps and its values, in the reader's language:
 * a file vi/told-*.json has the sentence by the English one. English is as the server has it. */

import i18next from "i18next";
import type { Json, JsonObject, NodeType } from "~/core/types";
import { useServer } from "~/stores/server";
import { inputLabel, labelOf } from "./nodes";
import engine from "./vi/told-engine.json";
import nodes from "./vi/told-nodes.json";

export interface Sentence {
  /** "{name} has no VAE."; braces that are text are doubled. */
  readonly sentence: string;
  /** Texts and numbers, sentences, problems, lists of these. */
  readonly values: JsonObject;
}

/** A problem among the values. */
export interface Inner {
  readonly code: string;
  readonly args: JsonObject;
  readonly node: string | null;
  readonly input: string | null;
}

const CATALOGUES: Readonly<Record<string, Readonly<Record<string, string>>>> = { vi: { ...engine, ...nodes } };

const catalogue = (): Readonly<Record<string, string>> =>
  Object.hasOwn(CATALOGUES, i18next.language) ? (CATALOGUES[i18next.language] ?? {}) : {};

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What the server told, if it is a sentence with its values. */
export function sentenceIn(value: Json | undefined): Sentence | null {
  if (!isObject(value)) return null;
  const { sentence, values } = value;
  return typeof sentence === "string" && isObject(values) ? { sentence, values } : null;
}

function innerIn(value: Json): Inner | null {
  if (!isObject(value)) return null;
  const { code, args, node, input } = value;
  if (typeof code !== "string" || !isObject(args)) return null;
  return { code, args, node: typeof node === "string" ? node : null, input: typeof input === "string" ? input : null };
}

const GAP = /\{\{|\}\}|\{(\w+)\}/g;

/** The sentence in the reader's language; null where the catalogue has none.
 *
 * Args: inner: how a problem among the values is told. of: the type of node whose inputs are named.
 */
export function filled(told: Sentence, inner: (problem: Inner) => string, of?: NodeType): string | null {
  const known = catalogue();
  return Object.hasOwn(known, told.sentence) ? fill(known[told.sentence] ?? "", told.values, inner, of) : null;
}

function fill(sentence: string, values: JsonObject, inner: (problem: Inner) => string, of?: NodeType): string {
  const type = typeOf(values["node_type"]) ?? of;
  return sentence.replaceAll(GAP, (found: string, name: string | undefined) => {
    if (name === undefined) return found.slice(0, 1);
    return Object.hasOwn(values, name) ? valueText(name, values[name] ?? null, inner, type) : found;
  });
}

function valueText(name: string, value: Json, inner: (problem: Inner) => string, of?: NodeType): string {
  if (Array.isArray(value)) return value.map((item) => valueText(name, item, inner, of)).join(", ");
  const told = sentenceIn(value);
  if (told) return filled(told, inner, of) ?? fill(told.sentence, told.values, inner, of);
  const problem = value === null ? null : innerIn(value);
  if (problem) return inner(problem);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (name === "node_type") return of ? labelOf(of) : text;
  return name === "input" && of && Object.hasOwn(of.inputs, text) ? inputLabel(of, text) : text;
}

function typeOf(name: Json | undefined): NodeType | undefined {
  const { registry } = useServer.getState();
  return typeof name === "string" && Object.hasOwn(registry, name) ? registry[name] : undefined;
}
