/** What people read comes from the language files: no component has words in its source. */

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAst } from "vite";

/** Attributes whose text is read or heard. */
const READ = new Set([
  "title",
  "placeholder",
  "alt",
  "aria-label",
  "aria-description",
  "label",
  "data-tip",
  "aria-roledescription",
]);

interface Syntax {
  readonly type: string;
  readonly value?: unknown;
  readonly name?: { readonly name?: unknown };
}

const isSyntax = (value: unknown): value is Syntax =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

function* within(node: unknown): Generator<Syntax> {
  if (Array.isArray(node)) for (const one of node) yield* within(one);
  else if (isSyntax(node)) {
    yield node;
    for (const [key, inner] of Object.entries(node)) if (key !== "type") yield* within(inner);
  }
}

const hasWords = (text: unknown): text is string => typeof text === "string" && /\p{L}{2}/u.test(text);

/** The words of a JSX element's text or of an attribute that is read. */
function wordsOf(node: Syntax): string[] {
  if (node.type === "JSXText" && hasWords(node.value)) return [node.value.trim()];
  if (node.type === "JSXAttribute" && READ.has(String(node.name?.name)) && isSyntax(node.value))
    return hasWords(node.value.value) ? [node.value.value] : [];
  return [];
}

export const rawTexts = (source: string): string[] => [...within(parseAst(source, { lang: "tsx" }))].flatMap(wordsOf);

const SOURCES = readdirSync("src", { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".tsx") && !path.endsWith(".test.tsx"),
);

test("#34 the rule finds text and attributes, and lets signs pass", () => {
  const source = `const a = <p title="Hello">Save {x} · <b aria-label={t("k")} className="wide">×</b></p>;`;
  expect(rawTexts(source)).toEqual(["Hello", "Save"]);
});

test.each(SOURCES)("#34 no raw text in %s", (path) => {
  expect(rawTexts(readFileSync(`src/${path}`, "utf8"))).toEqual([]);
});
