/** Every code that the server knows is told in both languages, each with examples of its args. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import codes from "../../../../tests/golden/editor_codes.json";
import i18next from "~/i18n";
import { emptyDoc, emptyGraph } from "~/core/document";
import type { JsonObject } from "~/core/types";
import { useDoc } from "~/stores/doc";
import type { Problem } from "~/stores/run";
import { errorText, jobErrorText, mendText, problemText, whyText } from "./problems";
import { reasonText } from "./reasons";

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

  test.each(Object.values(codes.reason))("#34 of a model file: %s", (sentence) => {
    const text = problemText(problem("bad_model_file", { name: "a.safetensors", reason: sentence }));
    whole(text);
    expect(text).not.toBe(sentence);
    expect(text).toMatch(/không/i);
  });

  test.each([
    ...Object.values(codes.recording),
    "A sampler step could not be recorded: out of memory.",
    "A run of the sampler could not be recorded: out of memory.",
    "The recording 00ff cannot be read (Permission denied).",
    "The recording 00ff is of another version of Inkwater (format 9, this one reads 1): record the job again.",
  ])("#34 of a recording: %s", (sentence) => {
    const text = reasonText(sentence);
    whole(text);
    expect(text).not.toBe(sentence);
    expect(text).toMatch(/không/i);
  });

  test.each([
    '"steps" names no input; write Title.input, for example KSampler.steps.',
    'there is no node "Frist" above this grid; did you mean First?',
    'there is no node "Frist" above this grid.',
    "Elsewhere (node 9) does not lead to the picture of this grid; choose a node that does.",
    '2 nodes are called "Same" (2, 3); name one by its id, for example 2.by.',
    'First has no input "sise"; did you mean size?',
    "KSampler.model takes MODEL, which comes by a link and not as a value; there are seed, steps.",
    "it has values and no input; choose the input that takes them, or clear them.",
    'A.n takes whole numbers (1, 2, 3 or 1..3), and "2.5" is none.',
    "A.n: the range 1..5 step 0 never reaches its end with that step.",
    "A.n: that is more than 400 values, the most that a grid has cells.",
    'A.n: there is no file "a" among loras (looked in models).',
    'First.kind: "sofd" is not among its choices; did you mean soft?',
    "First.size: 12 is above the maximum 9.",
    "First.size: 0 is below the minimum 1.",
    "both axes change Paint.red; choose another input for one of them.",
    "the grid would have 100 × 100 = 10,000 cells, and 400 are the most; take fewer values.",
  ])("#34 of an axis: %s", (sentence) => {
    const text = problemText(problem("bad_axis", { reason: sentence }));
    whole(text);
    expect(text).not.toBe(sentence);
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
