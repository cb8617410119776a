/** Every namespace says the same in both languages: same keys, same places for values, nothing empty, no English left. */

import { describe, expect, test } from "vitest";
import { languageOf, resources } from "~/i18n";

/** All texts by their path; an array is left as its items. */
function texts(value: unknown, at = ""): [string, string][] {
  if (typeof value === "string") return [[at, value]];
  if (typeof value !== "object" || value === null) return [[at, ""]];
  return Object.entries(value).flatMap(([key, inner]) => texts(inner, at ? `${at}.${key}` : key));
}

/** "n_one" and "n_other" are one text; Vietnamese has no plural. */
const base = (key: string) => key.replace(/_(?:zero|one|two|few|many|other)$/, "");

const table = (language: string, namespace: string) => {
  const found = new Map<string, string[]>();
  for (const [key, text] of texts(resources[language]?.[namespace]))
    found.set(base(key), [...(found.get(base(key)) ?? []), text]);
  return found;
};

const values = (some: readonly string[] | undefined) =>
  [...new Set((some ?? []).flatMap((text) => text.match(/\{\{\s*[\w.]+/g) ?? []))]
    .map((v) => v.slice(2).trim())
    .toSorted();

/** What is the same in both languages: names of things, and words that the field uses as they are. */
const TERMS = new Set(
  `inkwater english tiếng việt menu markdown api json png webp jpeg comfyui cfg clip vae lora ksampler sampler scheduler
  latent prompt token tokens embedding embeddings checkpoint controlnet sigma seed unet mask denoise sd sdxl turbo model
  conditioning image esc ctrl alt shift space tab gb mb kb ms px fps it s i id vram ram gpu cpu ok minimap logic a b x y
  hypernetwork diffusers int float string boolean combo noise guider lcm emoji img latents mini url html sampling ddim euler
  c rho vector`
    .split(/\s+/)
    .filter(Boolean),
);

const plain = (text: string) => text.replaceAll(/\{\{.*?\}\}|\$t\(.*?\)/g, " ");
const words = (text: string) =>
  plain(text)
    .toLowerCase()
    .match(/\p{L}+/gu) ?? [];

/** A text in which a formula stands. */
const FORMULA = "types.MathExpression.help";

/** Words that are English and nothing else. */
const ENGLISH =
  /\b(?:the|and|with|from|this|that|these|your|you|are|was|were|been|not|have|has|will|would|cannot|which)\b/i;

describe.each(Object.keys(resources["en"] ?? {}))("#34 the texts of %s", (namespace) => {
  const en = table("en", namespace);
  const vi = table("vi", namespace);

  test("are there in both languages", () => {
    expect([...vi.keys()].toSorted()).toEqual([...en.keys()].toSorted());
  });

  test("are never empty", () => {
    const empty = [...en, ...vi].filter(([, some]) => some.some((text) => !text.trim())).map(([key]) => key);
    // English words of the nodes come from the server.
    expect(namespace === "nodes" ? [] : empty).toEqual([]);
  });

  test("have the same places for values", () => {
    const other = [...en]
      .filter(([key, some]) => values(some).join() !== values(vi.get(key)).join())
      .map(([key]) => key);
    expect(namespace === "nodes" ? [] : other).toEqual([]);
  });

  test("are Vietnamese in Vietnamese", () => {
    const left = [...vi].filter(([key, some]) =>
      some.some((text) => {
        const same = en.get(key)?.includes(text) && words(text).some((word) => !TERMS.has(word));
        const quoted = plain(text).replaceAll(/[“"«`(].*?[”"»`)]/g, " ");
        return same || (key !== FORMULA && ENGLISH.test(quoted));
      }),
    );
    expect(left.map(([key, some]) => `${key}: ${some.join(" | ")}`)).toEqual([]);
  });
});

test("#34 no namespace is there in one language only", () => {
  expect(Object.keys(resources["vi"] ?? {}).toSorted()).toEqual(Object.keys(resources["en"] ?? {}).toSorted());
});

test.each([
  ["system", ["vi-VN", "en"], "vi"],
  ["system", ["fr-FR", "vi", "en"], "vi"],
  ["system", ["en-US", "vi"], "en"],
  ["system", ["fr"], "en"],
  ["system", [], "en"],
  ["vi", ["en"], "vi"],
  ["en", ["vi"], "en"],
] as const)("#34 %s with a browser of %j is %s", (chosen, told, language) => {
  expect(languageOf(chosen, told)).toBe(language);
});
