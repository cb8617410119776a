import { describe, expect, it } from "vitest";
import { originOf, placed, spotOf } from "./place";
import { docOf, node, problemAt } from "./testing";

const graph = (nodes: Parameters<typeof docOf>[0]) => docOf(nodes).root;
const doc = docOf(
  { "1": node("subgraph:outer", { Prompt: "" }), "2": node("SaveImage") },
  {
    outer: {
      ...graph({ "3": node("subgraph:inner") }),
      title: "Outer",
      inputs: [],
      widgets: [{ name: "Prompt", type: "STRING", to: [["3", "Text"]] }],
      outputs: [],
      meta: {},
    },
    inner: {
      ...graph({ "4": node("CLIPTextEncode", { text: "" }) }),
      title: "Inner",
      inputs: [],
      widgets: [{ name: "Text", type: "STRING", to: [["4", "text"]] }],
      outputs: [],
      meta: {},
    },
  },
);

describe("where a full id is", () => {
  it("goes down through instances", () => {
    expect(spotOf(doc, "1:3:4")).toEqual({
      path: [
        { instance: "1", subgraph: "outer" },
        { instance: "3", subgraph: "inner" },
      ],
      scope: "inner",
      node: "4",
    });
    expect(spotOf(doc, "2")).toEqual({ path: [], scope: null, node: "2" });
  });

  it("is nowhere for ids that are not there", () => {
    expect(spotOf(doc, "1:9")).toBeNull();
    expect(spotOf(doc, "2:4")).toBeNull();
    expect(spotOf(doc, "")).toBeNull();
  });

  it("is the node that was expanded, for its steps", () => {
    expect(spotOf(doc, "2.0.7")?.node).toBe("2");
  });
});

it("#15 a value is typed in where the ports lead to", () => {
  const spot = spotOf(doc, "1:3:4");
  if (!spot) throw new Error("not there");
  expect(originOf(doc, spot, "text")).toEqual({ spot: { path: [], scope: null, node: "1" }, input: "Prompt" });
  expect(originOf(doc, spot, "clip")).toEqual({ spot, input: "clip" });
});

it("#15 #23 a problem inside shows on each instance around it, at the port that feeds the input", () => {
  const found = placed(doc, [
    problemAt("1:3:4", "text", null),
    problemAt("1:3:4", "clip", null),
    problemAt(null, null, null),
  ]);
  expect(found["1:3:4"]?.map((p) => p.input)).toEqual(["text", "clip"]);
  expect(found["1:3"]?.map((p) => p.input)).toEqual(["Text", null]);
  expect(found["1"]?.map((p) => p.input)).toEqual(["Prompt", null]);
  expect(found[""]).toHaveLength(1);
});
