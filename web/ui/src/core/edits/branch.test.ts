/** Branches from recorded sampler steps, as edits of graphs. */

import { produce } from "immer";
import { describe, expect, it } from "vitest";
import { nodeTypes } from "~/api/schema";
import nodesText from "~/api/recorded/nodes.json?raw";
import { readJson } from "~/formats/json";
import { emptyDoc } from "../document";
import { shapeOf } from "../geometry";
import { typeOf } from "../nodeTypes";
import type { Doc, GraphNode, InputDef, Json, NodeType, Registry } from "../types";
import { addBranch, branchFlaw } from "./branch";

const recorded: Registry = Object.fromEntries(
  Object.entries(nodeTypes.parse(readJson(nodesText))).map(([name, told]) => [
    name,
    { ...told, name, outputs: Object.entries(told.outputs).map(([output, about]) => ({ name: output, ...about })) },
  ]),
);

const input = (type: string, more: Partial<InputDef> = {}): InputDef => ({ type, required: false, help: "", ...more });

const type = (name: string, inputs: NodeType["inputs"], outputs: readonly string[]): NodeType => ({
  name,
  label: name,
  category: "",
  kind: "pure",
  help: "",
  module: "",
  inputs,
  outputs: outputs.map((one) => ({ name: one, type: one, list: false, help: "" })),
});

const prompts = { model: input("MODEL"), positive: input("CONDITIONING"), negative: input("CONDITIONING") };

const registry: Registry = {
  ...recorded,
  LoadRecording: type("LoadRecording", { recording: input("STRING", { default: "" }) }, ["TRACE"]),
  TraceBranch: type(
    "TraceBranch",
    {
      trace: input("TRACE"),
      ...prompts,
      step: input("INT", { default: 0 }),
      seed: input("INT", { default: 0 }),
      cfg: input("FLOAT", { default: 8 }),
      sampler_name: input("COMBO", { default: "euler", options: ["euler", "dpmpp_2m"] }),
    },
    ["LATENT", "TRACE"],
  ),
  VAEDecode: type("VAEDecode", { samples: input("LATENT"), vae: input("VAE") }, ["IMAGE"]),
  PreviewImage: { ...type("PreviewImage", { images: input("IMAGE") }, []), kind: "sink" },
  BasicGuider: type("BasicGuider", { model: input("MODEL"), conditioning: input("CONDITIONING") }, ["GUIDER"]),
  RandomNoise: type("RandomNoise", { noise_seed: input("INT", { default: 3 }) }, ["NOISE"]),
  Custom: type("Custom", { guider: input("GUIDER"), noise: input("NOISE") }, ["LATENT"]),
};

type Links = Record<string, readonly [string, number]>;

const node = (name: string, links: Links = {}, values: Record<string, Json> = {}, y = 0): GraphNode => ({
  type: name,
  values,
  links: Object.fromEntries(Object.entries(links).map(([key, [from, output]]) => [key, { node: from, output }])),
  pos: [400, y],
  meta: {},
});

const docOf = (nodes: Record<string, GraphNode>): Doc => {
  const doc = emptyDoc();
  return { ...doc, root: { ...doc.root, nodes } };
};

const SAMPLED = {
  "1": node("CheckpointLoaderSimple"),
  "2": node("CLIPTextEncode", { clip: ["1", 1] }),
  "3": node("CLIPTextEncode", { clip: ["1", 1] }),
  "5": node(
    "KSampler",
    { model: ["1", 0], positive: ["2", 0], negative: ["3", 0] },
    { seed: "18446744073709551615", cfg: 4, sampler_name: "dpmpp_2m", steps: 20 },
  ),
  "6": node("VAEDecode", { samples: ["5", 0], vae: ["1", 2] }, {}, 900),
};

const branching = { sampler: "5", recording: "abc", step: 7, method: "euler", title: "From step 8" };

function branched(doc: Doc, more: Partial<typeof branching> = {}) {
  let ids: string[] = [];
  const next = produce(doc, (d) => void (ids = addBranch(d, null, registry, { ...branching, ...more })));
  return { next, nodes: ids.map((id) => next.root.nodes[id]) };
}

describe("a branch from a recorded sampler step", () => {
  it("loads the recording, goes on as the sampler did, and shows the picture", () => {
    const { nodes, next } = branched(docOf(SAMPLED));
    const [load, branch, decode, show] = nodes;
    expect(nodes.map((one) => one?.type)).toEqual(["LoadRecording", "TraceBranch", "VAEDecode", "PreviewImage"]);
    expect(load?.values).toEqual({ recording: "abc" });
    expect(branch?.values).toEqual({ step: 7, seed: "18446744073709551615", cfg: 4, sampler_name: "dpmpp_2m" });
    expect(branch?.links).toEqual({
      trace: { node: "7", output: 0 },
      model: { node: "1", output: 0 },
      positive: { node: "2", output: 0 },
      negative: { node: "3", output: 0 },
    });
    expect(decode?.links).toEqual({ samples: { node: "8", output: 0 }, vae: { node: "1", output: 2 } });
    expect(show?.links).toEqual({ images: { node: "9", output: 0 } });
    expect(Object.values(next.root.groups).map((group) => group.title)).toEqual(["From step 8"]);
    expect(next.root.nodes["5"]).toBe(SAMPLED["5"]);
  });

  it("lies where nothing else does, the second one too", () => {
    const { next } = branched(branched(docOf(SAMPLED)).next);
    const boxes = Object.values(next.root.nodes).map(({ pos, ...one }) => ({
      pos,
      size: shapeOf({ ...one, pos }, typeOf(next, registry, { ...one, pos })).size,
    }));
    const added = boxes.slice(Object.keys(SAMPLED).length);
    expect(added).toHaveLength(8);
    for (const [n, a] of added.entries())
      for (const b of [...boxes.slice(0, boxes.length - added.length), ...added.slice(0, n)]) {
        const beside = a.pos[0] >= b.pos[0] + b.size[0] || b.pos[0] >= a.pos[0] + a.size[0];
        const under = a.pos[1] >= b.pos[1] + b.size[1] || b.pos[1] >= a.pos[1] + a.size[1];
        expect(beside || under).toBe(true);
      }
  });

  it("reads what a guider and a noise tell the sampler; without a negative prompt, the positive at cfg 1", () => {
    const doc = docOf({
      "1": node("CheckpointLoaderSimple"),
      "2": node("CLIPTextEncode", { clip: ["1", 1] }),
      "3": node("BasicGuider", { model: ["1", 0], conditioning: ["2", 0] }),
      "4": node("RandomNoise", {}, { noise_seed: 12 }),
      "5": node("Custom", { guider: ["3", 0], noise: ["4", 0] }),
    });
    const branch = branched(doc, { method: "dpmpp_2m" }).nodes[1];
    expect(branch?.values).toEqual({ step: 7, seed: 12, cfg: 1, sampler_name: "dpmpp_2m" });
    expect(branch?.links["positive"]).toEqual({ node: "2", output: 0 });
    expect(branch?.links["negative"]).toEqual({ node: "2", output: 0 });
  });

  it("takes a VAE from where there is one when nothing is decoded yet", () => {
    const { "6": _, ...rest } = SAMPLED;
    expect(branched(docOf(rest)).nodes[2]?.links["vae"]).toEqual({ node: "1", output: 2 });
  });

  it("is refused with the reason, and changes nothing", () => {
    const bare = docOf({ "5": node("KSampler") });
    expect(branchFlaw(bare, null, registry, "5")?.key).toBe("recording:branch.no_inputs");
    expect(branchFlaw(bare, null, registry, "6")?.key).toBe("recording:branch.no_node");
    const { TraceBranch: _, ...older } = registry;
    expect(branchFlaw(docOf(SAMPLED), null, older, "5")).toEqual({
      key: "recording:branch.no_type",
      args: { type: "TraceBranch" },
    });
    expect(branched(bare).next).toBe(bare);
  });
});
