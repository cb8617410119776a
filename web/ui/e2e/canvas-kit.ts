/** What the tests of the canvas share: small graphs, and how to see what became of them. */

import { type Editor, expect } from "./fixture";

type Node = { class_type: string; inputs: Record<string, unknown>; _meta?: Record<string, unknown> };
export type File = Record<string, Node>;

/** Model, two prompts, a size, a sampler without its negative, a decoder; one further prompt that nothing uses. */
export const GRAPH: File = {
  "1": {
    class_type: "CheckpointLoaderSimple",
    inputs: { ckpt_name: "mini-v1.safetensors" },
    _meta: { title: "Model", pos: [0, 0] },
  },
  "2": {
    class_type: "CLIPTextEncode",
    inputs: { text: "a fox", clip: ["1", 1] },
    _meta: { title: "Prompt", pos: [360, 0] },
  },
  "3": { class_type: "CLIPTextEncode", inputs: { text: "" }, _meta: { title: "Spare", pos: [360, 220] } },
  "4": {
    class_type: "EmptyLatentImage",
    inputs: { width: 128, height: 128, batch_size: 1 },
    _meta: { title: "Size", pos: [360, 440] },
  },
  "5": {
    class_type: "KSampler",
    inputs: { model: ["1", 0], positive: ["2", 0], latent_image: ["4", 0], seed: 7 },
    _meta: { title: "Sampler", pos: [720, 0] },
  },
  "6": {
    class_type: "VAEDecode",
    inputs: { samples: ["5", 0], vae: ["1", 2] },
    _meta: { title: "Decode", pos: [1080, 0] },
  },
};

/** What a file says beside its nodes. */
export const about = (more: Record<string, unknown>): Node => ({
  class_type: "PrimitiveString",
  inputs: { value: "" },
  _meta: { version: 1, ...more },
});

/** Open a graph by dropping its file. */
export async function open(editor: Editor, file: File = GRAPH, name = "graph.json"): Promise<void> {
  await editor.open();
  await editor.drop({ name, type: "application/json", bytes: new TextEncoder().encode(JSON.stringify(file)) });
  // The last title is none of the first start's workflow.
  const titles = Object.values(file).flatMap((node) => node["_meta"]?.["title"] ?? []);
  await expect(editor.node(String(titles.at(-1)))).toBeVisible();
  await still(editor);
}

/** Wait until the view moves no more: for ten frames, however long they take. */
export async function still(editor: Editor): Promise<void> {
  await editor.page.locator(".react-flow__viewport").evaluate(
    (view) =>
      new Promise<void>((done) => {
        let before = "";
        let same = 0;
        const look = () => {
          const now = view.getAttribute("style") ?? "";
          same = now === before ? same + 1 : 0;
          before = now;
          if (same < 10) requestAnimationFrame(look);
          else done();
        };
        look();
      }),
  );
}

/** The links that are drawn, as "target/input". */
export const links = async (editor: Editor): Promise<string[]> =>
  (await editor.links.evaluateAll((all) => all.map((one) => one.getAttribute("data-id") ?? ""))).toSorted();

/** The node's place on the canvas. */
export async function place(editor: Editor, title: string): Promise<{ x: number; y: number }> {
  const style = (await editor.node(title).getAttribute("style")) ?? "";
  const [, x, y] = /translate\((-?[\d.]+)px, ?(-?[\d.]+)px\)/.exec(style) ?? [];
  return { x: Number(x), y: Number(y) };
}

/** Titles of what is selected. */
export const selected = async (editor: Editor): Promise<string[]> =>
  (
    await editor.page
      .locator(".react-flow__node.selected")
      .evaluateAll((all) =>
        all.map((one) => document.getElementById(one.getAttribute("aria-labelledby") ?? "")?.textContent ?? ""),
      )
  )
    .map((name) => name.split(",")[0] ?? "")
    .toSorted();

export const header = (editor: Editor, title: string) => editor.node(title).locator("header");
