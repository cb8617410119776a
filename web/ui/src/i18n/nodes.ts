/** What node types, their inputs, outputs and categories are called in the reader's language. English comes from the
 * server; other languages from nodes.json, and the server's words where that has none (packs, subgraphs). */

import i18next from "i18next";
import type { InputDef, NodeType, OutputDef } from "~/core/types";
import vi from "./vi/nodes.json";

interface Words {
  readonly label?: string;
  readonly help?: string;
}

interface TypeWords extends Words {
  readonly inputs?: Readonly<Record<string, Words>>;
  readonly outputs?: Readonly<Record<string, Words>>;
}

interface Book {
  readonly types: Readonly<Record<string, TypeWords>>;
  /** By one part of a category's path. */
  readonly categories: Readonly<Record<string, string>>;
}

const BOOKS: Readonly<Record<string, Book>> = { vi };

const own = <T>(table: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  table && Object.hasOwn(table, key) ? table[key] : undefined;

const book = (language: string = i18next.language): Book | undefined => own(BOOKS, language);

const wordsOf = (type: NodeType, language?: string): TypeWords | undefined => own(book(language)?.types, type.name);

/** "latent_image" as it is read: "latent image". */
const spaced = (name: string): string => name.replaceAll("_", " ");

/** The name of a node type; `language` asks for another than the reader's (search looks in both). */
export const labelOf = (type: NodeType, language?: string): string =>
  wordsOf(type, language)?.label || type.label || type.name;

/** What nodes of a type do, in a sentence or more; "" where nobody said. */
export const helpOf = (type: NodeType): string => wordsOf(type)?.help ?? type.help;

/** The name of an input: what its definition calls it, else its name without underscores. */
export function inputLabel(type: NodeType, name: string): string {
  const def: InputDef | undefined = own(type.inputs, name);
  return own(wordsOf(type)?.inputs, name)?.label ?? def?.label ?? spaced(name);
}

export const inputHelp = (type: NodeType, name: string): string =>
  own(wordsOf(type)?.inputs, name)?.help ?? own(type.inputs, name)?.help ?? "";

/** The name of an output by its index; its number where it has none. */
export function outputLabel(type: NodeType, index: number): string {
  const output: OutputDef | undefined = type.outputs[index];
  if (!output) return String(index);
  return own(wordsOf(type)?.outputs, output.name)?.label ?? output.name;
}

export function outputHelp(type: NodeType, index: number): string {
  const output = type.outputs[index];
  return output ? (own(wordsOf(type)?.outputs, output.name)?.help ?? output.help) : "";
}

/** "sampling/custom_sampling" as "Sampling / Custom sampling". */
export const categoryLabel = (path: string): string => path.split("/").filter(Boolean).map(categoryPart).join(" / ");

function categoryPart(part: string): string {
  const words = own(book()?.categories, part) ?? spaced(part).trim();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
