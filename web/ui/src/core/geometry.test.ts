import { expect, test } from "vitest";
import { HEADER, leastOf, PADDING, PICTURE_HEIGHT, ROW, shapeOf, TEXT_HEIGHT, WIDGET_ROW, WIDTH } from "./geometry";
import { nodeType } from "./testkit";
import type { GraphNode, NodeType } from "./types";

const sampler = nodeType("Sample", ["model: MODEL", "seed: INT", "latent: LATENT", "cfg: FLOAT"], ["LATENT"]);
const text: NodeType = {
  ...nodeType("Text", ["clip: CLIP"], ["COND"]),
  inputs: {
    clip: { type: "CLIP", required: true, help: "" },
    one: { type: "STRING", required: false, help: "", widget: { name: "multiline" } },
    steps: { type: "INT", required: false, help: "" },
    two: { type: "STRING", required: false, help: "", widget: { name: "multiline" } },
  },
};
const node = (more: Partial<GraphNode> = {}): GraphNode => ({
  type: "x",
  values: {},
  links: {},
  pos: [0, 0],
  meta: {},
  ...more,
});

test("linked inputs and outputs share rows, widgets come below, and their sockets lie at their own rows", () => {
  const { size, inputs, outputs, widgets, shown } = shapeOf(node(), sampler);
  const top = HEADER + PADDING + 2 * ROW;
  expect(size).toEqual([WIDTH, top + 2 * WIDGET_ROW + PADDING]);
  expect(outputs).toEqual([{ name: "LATENT", at: [WIDTH, HEADER + PADDING + ROW / 2] }]);
  expect(inputs).toEqual([
    { name: "model", at: [0, HEADER + PADDING + ROW / 2] },
    { name: "latent", at: [0, HEADER + PADDING + 1.5 * ROW] },
    { name: "seed", at: [0, top + WIDGET_ROW / 2] },
    { name: "cfg", at: [0, top + 1.5 * WIDGET_ROW] },
  ]);
  expect(widgets.map((w) => w.top)).toEqual([top, top + WIDGET_ROW]);
  expect(shown).toBeNull();
});

test("height that the user adds is shared by the tall widgets alone, and nothing is lower than it must be", () => {
  const least = shapeOf(node(), text);
  const high = shapeOf(node({ size: [400, least.size[1] + 100] }), text);
  expect(least.widgets.map((w) => w.height)).toEqual([TEXT_HEIGHT, WIDGET_ROW, TEXT_HEIGHT]);
  expect(high.widgets.map((w) => w.height)).toEqual([TEXT_HEIGHT + 50, WIDGET_ROW, TEXT_HEIGHT + 50]);
  expect(high.size).toEqual([400, least.size[1] + 100]);
  expect(high.outputs[0]?.at[0]).toBe(400);
  expect(shapeOf(node({ size: [10, 10] }), text).size).toEqual([140, least.size[1]]);
});

test("a sink has room for what it shows, which takes what height is added", () => {
  const show = nodeType("Show", ["image: IMAGE"], []);
  const least = shapeOf(node(), show);
  expect(least.shown?.height).toBe(PICTURE_HEIGHT);
  expect(shapeOf(node({ size: [WIDTH, least.size[1] + 60] }), show).shown?.height).toBe(PICTURE_HEIGHT + 60);
});

test("#12 a collapsed node is its header, where all its sockets meet", () => {
  const { size, inputs, outputs, widgets } = shapeOf(node({ collapsed: true, size: [500, 400] }), sampler);
  expect(size).toEqual([WIDTH, HEADER]);
  expect(new Set(inputs.map((i) => i.at.join()))).toEqual(new Set([`0,${HEADER / 2}`]));
  expect(inputs).toHaveLength(4);
  expect(outputs.map((o) => o.at)).toEqual([[WIDTH, HEADER / 2]]);
  expect(widgets).toEqual([]);
});

test("a shape is made once for each value of a node", () => {
  const one = node();
  expect(shapeOf(one, sampler)).toBe(shapeOf(one, sampler));
  expect(shapeOf(one, text)).not.toBe(shapeOf(one, sampler));
  expect(leastOf({ type: "INT", required: false, help: "" })).toBe(WIDGET_ROW);
});
