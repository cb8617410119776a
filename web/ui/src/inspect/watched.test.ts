import { expect, test } from "vitest";
import { flattened } from "~/core/flat";
import { docOf, node, registry as recorded } from "~/live/testing";
import type { GraphNode, NodeType, Registry, Subgraph } from "~/core/types";
import { ownNames, picturesOf, promptsOf, stepNode } from "./watched";

const type = (name: string, inputs: Record<string, string>, output: string): NodeType => ({
  name,
  label: name,
  category: "",
  kind: "pure",
  help: "",
  module: "",
  inputs: Object.fromEntries(Object.entries(inputs).map(([k, wire]) => [k, { type: wire, required: true, help: "" }])),
  outputs: [{ name: output, type: output, list: false, help: "" }],
});
const registry: Registry = {
  ...recorded,
  Both: type("Both", { conditioning_1: "CONDITIONING", conditioning_2: "CONDITIONING" }, "CONDITIONING"),
  Guide: type("Guide", { model: "MODEL", positive: "CONDITIONING", negative: "CONDITIONING" }, "GUIDER"),
  Plain: type("Plain", { model: "MODEL", conditioning: "CONDITIONING" }, "GUIDER"),
  Guided: type("Guided", { guider: "GUIDER", latent_image: "LATENT" }, "LATENT"),
};

const NODES: Record<string, GraphNode> = {
  "1": node("CheckpointLoaderSimple"),
  "2": node("CLIPTextEncode", { text: "a fox" }, { clip: ["1", 1] }),
  "3": node("CLIPTextEncode", { text: "ugly" }, { clip: ["1", 1] }),
  "4": node("EmptyLatentImage"),
  "5": node("KSampler", {}, { model: ["1", 0], positive: ["2", 0], negative: ["3", 0], latent_image: ["4", 0] }),
  "6": node("VAEDecode", {}, { samples: ["5", 0], vae: ["1", 2] }),
  "7": node("PreviewImage", {}, { images: ["6", 0] }),
  "8": node("KSampler", {}, { model: ["1", 0], positive: ["2", 0], negative: ["3", 0], latent_image: ["5", 0] }),
  "9": node("VAEDecode", {}, { samples: ["8", 0], vae: ["1", 2] }),
  "10": node("PreviewImage", {}, { images: ["9", 0] }),
};

const found = (nodes: Record<string, GraphNode>, run: string, branch: string, subgraphs = {}) => {
  const doc = docOf(nodes, subgraphs);
  return promptsOf(doc, registry, flattened(doc, registry), run, branch).map(({ key, text }) => [key, text]);
};

test("each branch has the prompts that lead to it", () => {
  expect(found(NODES, "5", "positive")).toEqual([["2/text", "a fox"]]);
  expect(found(NODES, "5", "negative")).toEqual([["3/text", "ugly"]]);
  expect(found(NODES, "gone", "positive")).toEqual([]);
});

test("a step that a node was expanded to is that node", () => {
  const flat = flattened(docOf(NODES), registry);
  expect([stepNode(flat, "5.list.0"), stepNode(flat, "11.0")]).toEqual(["5", null]);
  expect(found(NODES, "5.list.0", "positive")).toEqual([["2/text", "a fox"]]);
});

test("prompts that are joined are all found", () => {
  const joined = {
    ...NODES,
    "11": node("Both", {}, { conditioning_1: ["2", 0], conditioning_2: ["12", 0] }),
    "12": node("CLIPTextEncode", { text: "at night" }, { clip: ["1", 1] }),
    "5": node("KSampler", {}, { model: ["1", 0], positive: ["11", 0], negative: ["3", 0], latent_image: ["4", 0] }),
  };
  expect(found(joined, "5", "positive").toSorted()).toEqual([
    ["12/text", "at night"],
    ["2/text", "a fox"],
  ]);
});

test("a guider passes on what it is given", () => {
  const guided = {
    ...NODES,
    "11": node("Guide", {}, { model: ["1", 0], positive: ["2", 0], negative: ["3", 0] }),
    "5": node("Guided", {}, { guider: ["11", 0], latent_image: ["4", 0] }),
  };
  expect(found(guided, "5", "negative")).toEqual([["3/text", "ugly"]]);
  const plain = { ...guided, "11": node("Plain", {}, { model: ["1", 0], conditioning: ["2", 0] }) };
  expect(found(plain, "5", "positive")).toEqual([["2/text", "a fox"]]);
  expect(found(plain, "5", "negative")).toEqual([]);
});

test("#15 a prompt on an instance is found where it is typed in", () => {
  const inner: Subgraph = {
    title: "",
    nodes: { e: node("CLIPTextEncode", {}, {}) },
    groups: {},
    notes: {},
    inputs: [{ name: "clip", type: "CLIP", to: [["e", "clip"]] }],
    widgets: [{ name: "words", type: "STRING", to: [["e", "text"]] }],
    outputs: [{ name: "c", type: "CONDITIONING", from: ["e", 0] }],
    meta: {},
  };
  const nodes = { ...NODES, "2": node("subgraph:s", { words: "a cat" }, { clip: ["1", 1] }) };
  expect(found(nodes, "5", "positive", { s: inner })).toEqual([["2/words", "a cat"]]);
});

test("a picture belongs to the nearest run before it", () => {
  const flat = flattened(docOf(NODES), registry);
  expect(picturesOf(flat, ["7", "10", "4"], ["5", "8"])).toEqual({ "7": "5", "10": "8" });
});

const prompt = (text: string) => ({ key: text, branch: "positive", text });
const token = (text: string, index: number) => ({ text, index });

test("prompts that were combined are told apart by their words, one that was changed since keeps its only name", () => {
  const words = {
    positive: [token("a", 1), token("fox", 2)],
    "positive.2": [token("a", 1), token("fox", 2), token("sleeps", 3)],
    negative: [token("a", 1)],
  };
  const named = ownNames([prompt("a fox sleeps"), prompt("a fox"), prompt("nothing of it")], words);
  expect(named.map(({ key, branch }) => [key, branch])).toEqual([
    ["a fox sleeps", "positive.2"],
    ["a fox", "positive"],
  ]);
  expect(ownNames([prompt("changed")], { positive: words.positive }).map(({ branch }) => branch)).toEqual(["positive"]);
  expect(ownNames([prompt("a fox")], { negative: words.negative })).toEqual([]);
});
