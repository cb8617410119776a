import { describe, expect, test } from "vitest";
import { emptyDoc } from "~/core/document";
import type { Doc, GraphNode, InputDef, NodeType, Registry } from "~/core/types";
import { suggested } from "./suggest";

const input = (type: string, more: Partial<InputDef> = {}): InputDef => ({ type, required: false, help: "", ...more });
const type = (name: string, inputs: Record<string, InputDef>, outputs: string[], kind: NodeType["kind"] = "pure") => ({
  name,
  label: name,
  category: "",
  kind,
  help: "",
  inputs,
  outputs: outputs.map((t) => ({ name: t, type: t, list: false, help: "" })),
  module: "",
});
const text = input("STRING", { widget: { name: "multiline" } });

const registry: Registry = Object.fromEntries(
  [
    type("Loader", { ckpt_name: input("COMBO", { file: "checkpoints" }) }, ["MODEL", "CLIP"]),
    type("Encode", { text, clip: input("CLIP") }, ["CONDITIONING"]),
    type("Size", { width: input("INT"), height: input("INT") }, ["LATENT"]),
    type(
      "Sampler",
      {
        model: input("MODEL"),
        seed: input("INT", { widget: { name: "seed" } }),
        steps: input("INT"),
        positive: input("CONDITIONING"),
        latent: input("LATENT"),
      },
      ["LATENT"],
    ),
    type("Save", { images: input("LATENT"), prefix: input("STRING") }, [], "sink"),
  ].map((t) => [t.name, t]),
);

const node = (name: string, links: GraphNode["links"] = {}, more: Partial<GraphNode> = {}): GraphNode => ({
  type: name,
  values: {},
  links,
  pos: [0, 0],
  meta: {},
  ...more,
});

const doc: Doc = {
  ...emptyDoc(),
  root: {
    nodes: {
      "1": node("Loader"),
      "2": node("Encode", { clip: { node: "1", output: 1 } }),
      "3": node("Size"),
      "4": node("Sampler", {
        model: { node: "1", output: 0 },
        positive: { node: "2", output: 0 },
        latent: { node: "3", output: 0 },
      }),
      "5": node("Save", { images: { node: "4", output: 0 } }),
      "9": node("Size"),
    },
    groups: {},
    notes: {},
  },
};

const told = (some: Doc) => suggested(some, registry).map((item) => `${item.node}.${item.input}`);

describe("#36 the form that nobody chose", () => {
  test("has prompt, model, size, steps and seed, of what runs alone, node by node", () => {
    expect(told(doc)).toEqual(["2.text", "1.ckpt_name", "3.width", "3.height", "4.steps", "4.seed"]);
  });

  test("leaves out what is linked and what is muted", () => {
    const nodes = { ...doc.root.nodes };
    nodes["4"] = node("Sampler", { ...nodes["4"]?.links, steps: { node: "9", output: 0 } });
    nodes["2"] = node("Encode", { clip: { node: "1", output: 1 } }, { mode: "mute" });
    expect(told({ ...doc, root: { ...doc.root, nodes } })).toEqual([
      "1.ckpt_name",
      "3.width",
      "3.height",
      "9.width",
      "9.height",
      "4.seed",
    ]);
  });

  test("is empty where nothing is", () => {
    expect(told(emptyDoc())).toEqual([]);
  });
});
