/** Every code that the server knows is told in both languages, each with examples of its args. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import codes from "../../../../tests/golden/editor_codes.json";
import i18next from "~/i18n";
import { emptyDoc, emptyGraph } from "~/core/document";
import type { JsonObject } from "~/core/types";
import { useDoc } from "~/stores/doc";
import type { Problem } from "~/stores/run";
import { errorText, jobErrorText, mendText, problemText, whyText } from "./problems";

const FALLEN = "the server's sentence";

const problem = (code: string, args: JsonObject, mend: Problem["mend"] = null): Problem => ({
  code,
  severity: "error",
  node: "3",
  input: "steps",
  args,
  message: FALLEN,
  mend,
});

const examples = (group: "problem" | "mend") =>
  Object.entries(codes[group]).flatMap(([code, list]) =>
    Object.values(list as Record<string, JsonObject>).map((args) => ({ code, args })),
  );

/** What a sentence must be: filled in, and neither the fallback nor the key. */
function whole(text: string | null): void {
  expect(text).toBeTruthy();
  expect(text).not.toContain(FALLEN);
  expect(text).not.toMatch(/\{\{|undefined|\[object|problem\.|refusal\./);
}

describe.each(["en", "vi"])("in %s", (language) => {
  beforeAll(() => void i18next.changeLanguage(language));
  afterAll(() => void i18next.changeLanguage("en"));

  test.each(examples("problem"))("#34 problem $code $args", ({ code, args }) => {
    whole(problemText(problem(code, args)));
  });

  test.each(examples("mend"))("#34 mend $code $args", ({ code, args }) => {
    whole(mendText(problem("bad_text", {}, { kind: code, args })));
  });

  test.each(Object.entries(codes.why))("#34 why %s", (code, args) => {
    whole(whyText({ code, args: args as JsonObject, text: FALLEN }));
  });

  test.each(Object.keys(codes.job))("#34 job %s", (code) => {
    const text = jobErrorText({ code, message: "out of memory" });
    whole(text);
    expect(text.includes("out of memory")).toBe(code === "step_failed");
  });
});

describe("in Vietnamese", () => {
  beforeAll(() => void i18next.changeLanguage("vi"));
  afterAll(() => void i18next.changeLanguage("en"));

  test.each(Object.keys(codes.refusal))("#34 refusal %s", (code) => {
    whole(errorText({ code, message: FALLEN }));
  });

  test("#34 a code that nobody has told of keeps the server's sentence", () => {
    expect(problemText(problem("brand_new", {}))).toBe(FALLEN);
    expect(whyText({ code: "brand_new", args: {}, text: FALLEN })).toBe(FALLEN);
    expect(errorText({ code: "brand_new", message: FALLEN })).toBe(FALLEN);
  });

  test("#34 a missing value keeps the server's sentence", () => {
    expect(problemText(problem("value_smaller_than_min", { value: 0 }))).toBe(FALLEN);
  });

  test("#34 values are in the sentence, and code in them stays text", () => {
    const text = problemText(problem("value_not_in_list", { value: "<b>{{x}}</b>", options: ["fast"] }));
    expect(text).toContain("fast");
    expect(text).toContain("<b>");
  });
});

test("#23 nodes are called by their titles", () => {
  const node = { type: "KSampler", title: "Sampler", values: {}, links: {}, pos: [0, 0] as const, meta: {} };
  useDoc.getState().open({ ...emptyDoc(), root: { ...emptyGraph(), nodes: { "3": node } } });
  const sources = { kind: "connect", args: { type: "LATENT", sources: [["3", 0]] } };
  expect(mendText(problem("x", {}, sources))).toContain("from node Sampler");
  expect(problemText(problem("dependency_cycle", { nodes: ["3", "4"] }))).toContain("Sampler → 4 → Sampler");
  expect(whyText({ code: "above", args: { nodes: ["3", "4"] }, text: FALLEN })).toContain("Sampler and 4");
  useDoc.getState().open(emptyDoc());
});

test("#34 an English refusal names what the server named", () => {
  expect(errorText({ code: "no_such_job", message: FALLEN })).toBe(FALLEN);
});
