/** Each sentence that the code tells with its values is told in Vietnamese, with the same values. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import golden from "../../../../tests/golden/told.json";
import i18next from "~/i18n";
import { emptyDoc, emptyGraph } from "~/core/document";
import type { JsonObject } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { jobErrorText, problemText, runErrorText, toldText } from "./problems";
import engine from "./vi/told-engine.json";
import nodes from "./vi/told-nodes.json";

const gaps = (sentence: string): string[] =>
  [...new Set([...sentence.matchAll(/\{\{|\}\}|\{(\w+)\}/g)].flatMap(([, name]) => name ?? []))].toSorted();

/** Words that are English and nothing else. */
const ENGLISH = /\b(?:the|and|with|from|this|that|these|your|are|was|not|have|has|will|cannot|which)\b/i;

describe.each([
  ["engine", golden.engine, engine as Record<string, string>],
  ["nodes", golden.nodes, nodes as Record<string, string>],
] as const)("#34 the sentences of %s", (_, english, vietnamese) => {
  test("are all there, and no others", () => {
    expect(Object.keys(vietnamese).toSorted()).toEqual(english.toSorted());
  });

  test("have the same gaps", () => {
    const other = Object.entries(vietnamese).filter(([from, to]) => gaps(from).join() !== gaps(to).join());
    expect(other).toEqual([]);
  });

  test("are Vietnamese", () => {
    const left = Object.entries(vietnamese).filter(
      ([from, to]) =>
        !to.trim() || ENGLISH.test(to.replaceAll(/[“"`].*?[”"`]/g, " ")) || (from === to && /[a-z]{4}/.test(bare(to))),
    );
    expect(left).toEqual([]);
  });
});

const bare = (sentence: string): string => sentence.replaceAll(/\{\w+\}/g, " ");

const telling = (sentence: string, values: JsonObject) => ({ sentence, values });
const FAILED = telling("{node_type} (node {node}) {reason}", {
  node_type: "KSampler",
  node: "5",
  reason: telling("failed: {reason}", { reason: telling("a sentence of a pack about {name}", { name: "{x}" }) }),
});
const badLink = (input: string) =>
  telling("{node_type} (node {node}) {reason}", {
    node_type: "KSampler",
    node: "5",
    reason: telling("cannot use what comes by the link to {input}: {reason}.", { input, reason: "x" }),
  });
const ENGLISH_TEXT = "KSampler (node 5) failed: a sentence of a pack about {x}";

afterEach(() => useDoc.getState().open(emptyDoc()));

test("#34 English is what the server tells", () => {
  expect(toldText(FAILED, ENGLISH_TEXT)).toBe(ENGLISH_TEXT);
});

describe("in Vietnamese", () => {
  beforeAll(() => void i18next.changeLanguage("vi"));
  afterAll(() => void i18next.changeLanguage("en"));

  test("#34 sentences within sentences are told, those that nobody knows in English", () => {
    expect(toldText(FAILED, ENGLISH_TEXT)).toBe("KSampler (nút 5) báo lỗi: a sentence of a pack about {x}");
  });

  test("#34 a sentence that nobody knows, and none, are as the server told them", () => {
    expect(toldText(telling("brand new {x}", { x: 1 }), "brand new 1")).toBe("brand new 1");
    expect(toldText(null, "old")).toBe("old");
  });

  test("#34 failures of steps and of jobs", () => {
    expect(runErrorText({ state: "error", error: ENGLISH_TEXT, telling: FAILED })).toMatch(/báo lỗi/);
    expect(runErrorText({ state: "error", error: "old" })).toBe("old");
    expect(runErrorText({ state: "done" })).toBe("");
    expect(jobErrorText({ code: "step_failed", message: ENGLISH_TEXT, telling: FAILED })).toMatch(
      /^KSampler \(nút 5\)/,
    );
  });

  test("#34 problems within sentences are told, and name nodes by their titles", () => {
    const node = { type: "KSampler", title: "Mẫu", values: {}, links: {}, pos: [0, 0] as const, meta: {} };
    useDoc.getState().open({ ...emptyDoc(), root: { ...emptyGraph(), nodes: { "3": node } } });
    const args = { value: 0, min: 1 };
    const inner = (place: JsonObject) =>
      telling("returned a graph that cannot run: {problem}.", {
        problem: { code: "value_smaller_than_min", args, ...place },
      });
    expect(toldText(inner({ node: null, input: null }), "")).toBe(
      "trả về một đồ thị không chạy được: 0 nhỏ hơn mức tối thiểu 1.",
    );
    expect(toldText(inner({ node: "3", input: "steps" }), "")).toContain("nút Mẫu, đầu vào steps: 0 nhỏ hơn");
  });

  test("#34 inputs are named as on the node that failed, others as they are", () => {
    const input = { type: "INT", required: true, help: "" };
    const type = { label: "KSampler", category: "", kind: "pure", help: "", outputs: [], module: "nodes" } as const;
    useServer.setState({ registry: { KSampler: { ...type, name: "KSampler", inputs: { steps: input } } } });
    expect(toldText(badLink("steps"), "")).toContain("số bước");
    expect(toldText(badLink("stepz"), "")).toContain("stepz");
    useServer.setState({ registry: {} });
  });

  test("#34 lists of sentences and texts", () => {
    const values = { text: [telling("nothing", {}), "b"], kind: "X" };
    expect(toldText(telling("failed: {text} ({kind}).", values), "")).toBe("báo lỗi: không gì cả, b (X).");
  });

  test("#34 what a model file lacks, and what an axis should be", () => {
    const lacks = telling("{name} has no {missing}: it holds only {there}.", {
      name: "a.safetensors",
      missing: telling("{some} and no {last}", { some: telling("text encoder (CLIP)", {}), last: telling("VAE", {}) }),
      there: [telling("denoiser (UNet)", {})],
    });
    const problem = { code: "missing_part", severity: "error" as const, node: "3", input: "clip", mend: null };
    expect(problemText({ ...problem, args: { found: "English", telling: lacks }, message: "" })).toBe(
      "a.safetensors không có bộ mã hóa văn bản (CLIP) và không có VAE: nó chỉ có mô hình khử nhiễu (UNet).",
    );
    const near = telling("; did you mean {names}?", { names: "First" });
    const axis = telling("there is no node {name} above this grid{near}", { name: '"Frist"', near });
    expect(problemText({ ...problem, code: "bad_axis", args: { reason: "English", telling: axis }, message: "" })).toBe(
      'Không có nút "Frist" ở phía trên lưới này; ý bạn là First?',
    );
  });

  test("#34 the reason of a problem", () => {
    const args = { name: "a.pt", reason: "Permission denied", telling: telling("Permission denied", {}) };
    const problem = { code: "bad_embedding", severity: "error" as const, node: "3", input: "text", args };
    expect(problemText({ ...problem, message: "", mend: null })).toContain("không có quyền");
  });
});
