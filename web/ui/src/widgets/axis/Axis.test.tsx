import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { emptyDoc } from "~/core/document";
import { setValue } from "~/core/edits/nodes";
import type { GraphNode, InputDef, NodeType, Registry } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { inputDef } from "../testing";
import { AxisInput } from "./AxisInput";
import { AxisValues } from "./AxisValues";
import { constantsAbove } from "./constants";

const type = (name: string, inputs: Record<string, InputDef>, outputs: readonly string[]): NodeType => ({
  name,
  label: name,
  category: "",
  kind: "pure",
  help: "",
  inputs,
  outputs: outputs.map((wire) => ({ name: wire, type: wire, list: false, help: "" })),
  module: "",
});
const axis = inputDef({ type: "STRING", default: "", widget: { name: "axis_input" } });
const values = inputDef({ type: "STRING", default: "", widget: { name: "axis_values" } });
const registry: Registry = {
  Text: type("Text", { text: inputDef({ type: "STRING", default: "" }) }, ["COND"]),
  Sample: type(
    "Sample",
    {
      cond: inputDef({ type: "COND" }),
      negative: inputDef({ type: "COND" }),
      steps: inputDef({ default: 20 }),
      cfg: inputDef({ type: "FLOAT", default: 7 }),
      sampler: inputDef({ type: "COMBO", options: ["euler", "heun"] }),
    },
    ["IMAGE"],
  ),
  XYPlot: type("XYPlot", { image: inputDef({ type: "IMAGE" }), x_input: axis, x_values: values }, ["IMAGE"]),
};

const node = (of: string, more: Partial<GraphNode> = {}): GraphNode => ({
  type: of,
  values: {},
  links: {},
  pos: [0, 0],
  meta: {},
  ...more,
});

const nodes = (plot: Partial<GraphNode> = {}): Record<string, GraphNode> => ({
  "1": node("Text", { title: "Prompt" }),
  "2": node("Text", { values: { text: "no" } }),
  "3": node("Text"),
  "5": node("Sample", {
    title: "Sampler",
    links: { cond: { node: "1", output: 0 }, negative: { node: "2", output: 0 } },
    values: { steps: 9 },
  }),
  "8": node("XYPlot", { links: { image: { node: "5", output: 0 } }, ...plot }),
});

const show = (plot: Partial<GraphNode> = {}) => {
  useServer.setState({ registry, ready: true });
  useDoc.getState().open({ ...emptyDoc(), root: { nodes: nodes(plot), groups: {}, notes: {} } });
};
const now = (name: string) => useDoc.getState().doc.root.nodes["8"]?.values[name];
const put = (name: string) => (to: unknown) =>
  useDoc.getState().edit({ key: "test" }, (d) => setValue(d, null, "8", name, to as string), name);
const held = (Widget: typeof AxisInput, name: string) =>
  render(
    <Widget
      node="8"
      name={name}
      def={name === "x_input" ? axis : values}
      value={now(name)}
      disabled={false}
      label="x"
      change={put(name)}
    />,
  );

beforeEach(() => show());

test("the constants of the nodes above are there, the nearest first, by title where that is one node's", () => {
  const found = constantsAbove(useDoc.getState().doc, registry, "8");
  expect(found.map((one) => one.target)).toEqual([
    "Sampler.steps",
    "Sampler.cfg",
    "Sampler.sampler",
    "Prompt.text",
    "Text.text",
  ]);
  expect(found[0]?.value).toBe(9);
  expect(found[1]?.value).toBe(7);
  const twice = { ...nodes(), "1": node("Text") };
  const doc = { ...emptyDoc(), root: { nodes: twice, groups: {}, notes: {} } };
  expect(
    constantsAbove(doc, registry, "8")
      .map((one) => one.target)
      .slice(3),
  ).toEqual(["1.text", "2.text"]);
});

test("an axis is chosen by typing, and cleared by key", async () => {
  const user = userEvent.setup();
  held(AxisInput, "x_input");
  screen.getByRole("combobox", { name: "x" }).focus();
  await user.keyboard("ste{Enter}");
  expect(now("x_input")).toBe("Sampler.steps");
  screen.getByRole("combobox", { name: "x" }).focus();
  await user.keyboard("{Delete}");
  expect(now("x_input")).toBe("");
});

test("without a picture it is told what to do", async () => {
  const user = userEvent.setup();
  show({ links: {} });
  held(AxisInput, "x_input");
  await user.click(screen.getByRole("combobox", { name: "x" }));
  expect(screen.getByText(/Link a picture first/)).toBeTruthy();
});

test("choices are ticked", async () => {
  const user = userEvent.setup();
  show({ links: { image: { node: "5", output: 0 } }, values: { x_input: "Sampler.sampler" } });
  held(AxisValues, "x_values");
  await user.click(screen.getByRole("button", { name: "x: choose values" }));
  const dialog = screen.getByRole("dialog");
  expect(within(dialog).getByText("Sampler.sampler")).toBeTruthy();
  await user.click(within(dialog).getByRole("checkbox", { name: "heun" }));
  expect(now("x_values")).toBe("heun");
  expect(screen.getByRole<HTMLTextAreaElement>("textbox", { name: "x" }).value).toBe("heun");
});

test("numbers are put in as a range", async () => {
  const user = userEvent.setup();
  show({ links: { image: { node: "5", output: 0 } }, values: { x_input: "Sampler.steps" } });
  held(AxisValues, "x_values");
  await user.click(screen.getByRole("button", { name: "x: choose values" }));
  expect(screen.getByRole<HTMLInputElement>("textbox", { name: "From" }).value).toBe("9");
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Add a range" }).disabled).toBe(true);
  await user.type(screen.getByRole("textbox", { name: "To" }), "15");
  await user.type(screen.getByRole("textbox", { name: "Step" }), "3");
  await user.click(screen.getByRole("button", { name: "Add 9..15 step 3" }));
  expect(now("x_values")).toBe("9..15 step 3");
});

test("values without an input say what to do first", async () => {
  const user = userEvent.setup();
  held(AxisValues, "x_values");
  await user.click(screen.getByRole("button", { name: "x: choose values" }));
  expect(screen.getByText(/First choose what this axis changes/)).toBeTruthy();
});
