import { produce } from "immer";
import { beforeEach, describe, expect, it } from "vitest";
import type { Doc } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import type { Problem } from "~/stores/run";
import { mend, remediesNow, remediesOf } from "./mend";
import { docOf, node, problemAt, registry } from "./testing";

const DOC = docOf({
  "1": node("CheckpointLoaderSimple", { ckpt_name: "mini.safe" }, {}, { title: "Model" }),
  "2": node("CLIPTextEncode", { text: "a fox <lora:film:0.8>", stray: 1 }, { clip: ["1", 1] }),
  "3": node("KSampler", { steps: 0 }, { model: ["1", 0], positive: ["2", 0] }),
});

const mended = (doc: Doc, problem: Problem, which = 0): Doc => {
  const remedy = remediesOf(doc, registry, problem)[which];
  if (!remedy) throw new Error("no remedy");
  return produce(doc, remedy.apply);
};

beforeEach(() => void useServer.setState({ registry, files: { loras: ["styles/Film.safetensors"] } }));

describe("#23 each mend that the server knows", () => {
  it("set: the value, and a link that was in its place goes", () => {
    const told = mended(DOC, problemAt("3", "model", { kind: "set", args: { value: 5 } }));
    expect(told.root.nodes["3"]?.values["model"]).toBe(5);
    expect(told.root.nodes["3"]?.links["model"]).toBeUndefined();
  });

  it("choose: one remedy for each option", () => {
    const problem = problemAt("1", "ckpt_name", { kind: "choose", args: { options: ["a", "b"] } });
    expect(remediesOf(DOC, registry, problem).map((remedy) => remedy.label)).toEqual(["a", "b"]);
    expect(mended(DOC, problem, 1).root.nodes["1"]?.values["ckpt_name"]).toBe("b");
  });

  it("connect: each source by its title; those that are not there are not offered", () => {
    const sources = [
      ["1", 0],
      ["9", 0],
      ["3", 0],
    ];
    const problem = problemAt("3", "negative", { kind: "connect", args: { type: "CONDITIONING", sources } });
    expect(remediesOf(DOC, registry, problem).map((remedy) => remedy.label)).toEqual(["Model"]);
    expect(mended(DOC, problem).root.nodes["3"]?.links["negative"]).toEqual({ node: "1", output: 0 });
  });

  it("disconnect", () => {
    const told = mended(DOC, problemAt("3", "positive", { kind: "disconnect", args: {} }));
    expect(told.root.nodes["3"]?.links).not.toHaveProperty("positive");
  });

  it("remove and rename: of an input that the type does not know", () => {
    const gone = mended(DOC, problemAt("2", "stray", { kind: "remove", args: {} }));
    expect(gone.root.nodes["2"]?.values).not.toHaveProperty("stray");
    const renamed = mended(DOC, problemAt("2", "stray", { kind: "rename", args: { to: "strength" } }));
    expect(renamed.root.nodes["2"]?.values).toMatchObject({ strength: 1 });
    expect(renamed.root.nodes["2"]?.values).not.toHaveProperty("stray");
  });

  it("retype: values and links stay", () => {
    const told = mended(DOC, problemAt("3", null, { kind: "retype", args: { options: ["KSamplerAdvanced"] } }));
    expect(told.root.nodes["3"]).toMatchObject({ type: "KSamplerAdvanced", values: { steps: 0 } });
  });

  it("insert: the LoRA that the prompt names stands between the model and all that took it", () => {
    const args = { type: "LoraLoader", inputs: { lora_name: "film", strength_model: 0.8 } };
    const problem = problemAt("2", "text", { kind: "insert", args }, { args: { tags: ["<lora:film:0.8>"] } });
    const nodes = mended(DOC, problem).root.nodes;
    const [id, lora] = Object.entries(nodes).find(([, n]) => n.type === "LoraLoader") ?? [];
    expect(lora?.values).toEqual({ lora_name: "styles/Film.safetensors", strength_model: 0.8, strength_clip: 0.8 });
    expect(lora?.links).toMatchObject({ model: { node: "1", output: 0 }, clip: { node: "1", output: 1 } });
    expect(nodes["2"]?.links["clip"]).toMatchObject({ node: id, output: 1 });
    expect(nodes["3"]?.links["model"]).toMatchObject({ node: id, output: 0 });
    expect(nodes["2"]?.values["text"]).toBe("a fox");
  });

  it("offers nothing for a kind that it does not know, or for a node that is gone", () => {
    expect(remediesOf(DOC, registry, problemAt("3", "steps", { kind: "pray", args: {} }))).toEqual([]);
    expect(remediesOf(DOC, registry, problemAt("77", "steps", { kind: "set", args: { value: 1 } }))).toEqual([]);
    expect(remediesOf(DOC, registry, problemAt("3", "steps", null))).toEqual([]);
  });

  it("is one edit, which undo takes back", () => {
    useDoc.getState().open(DOC);
    const problem = problemAt("3", "steps", { kind: "set", args: { value: 1 } });
    const [remedy] = remediesNow(problem);
    if (remedy) mend(problem, remedy);
    expect(useDoc.getState().doc.root.nodes["3"]?.values["steps"]).toBe(1);
    expect(useDoc.getState().past).toHaveLength(1);
    useDoc.getState().undo();
    expect(useDoc.getState().doc).toEqual(DOC);
  });
});

describe("#15 inside a subgraph", () => {
  const inner = {
    ...docOf({ "5": node("KSampler", { steps: 0, cfg: 3 }) }).root,
    title: "Sampling",
    inputs: [],
    widgets: [{ name: "Steps", type: "INT", to: [["5", "steps"] as const] }],
    outputs: [],
    meta: {},
  };
  const doc = docOf({ "9": node("subgraph:s", { Steps: 0 }) }, { s: inner });

  it("mends a promoted value where it is typed in: on the instance", () => {
    const told = mended(doc, problemAt("9:5", "steps", { kind: "set", args: { value: 4 } }));
    expect(told.root.nodes["9"]?.values["Steps"]).toBe(4);
    expect(told.subgraphs["s"]?.nodes["5"]?.values["steps"]).toBe(0);
  });

  it("mends any other value in the definition", () => {
    const told = mended(doc, problemAt("9:5", "cfg", { kind: "set", args: { value: 8 } }));
    expect(told.subgraphs["s"]?.nodes["5"]?.values["cfg"]).toBe(8);
  });
});
