import fc from "fast-check";
import { expect, it } from "vitest";
import type { NodeRun } from "~/stores/run";
import { around, withInstances } from "./instances";
import { plotOf } from "./shown";

it("names all instances around an id", () => {
  expect(around("12:3:4")).toEqual(["12:3", "12"]);
  expect(around("7")).toEqual([]);
});

it("#15 sums up what runs inside a subgraph on its instance", () => {
  const nodes: Record<string, NodeRun> = {
    "1": { state: "done", seconds: 1 },
    "12:3": { state: "running", done: 4, total: 20 },
    "12:4": { state: "waiting" },
  };
  expect(withInstances(nodes, {}, {})["12"]).toEqual({ state: "running", done: 4, total: 20 });
  const done: Record<string, NodeRun> = {
    "12:3": { state: "done", seconds: 1 },
    "12:4": { state: "done", seconds: 2 },
  };
  expect(withInstances(done, {}, {})["12"]).toMatchObject({ state: "done", seconds: 3 });
  const failed: Record<string, NodeRun> = { "12:3": { state: "error", error: "no" }, "12:4": { state: "stopped" } };
  expect(withInstances(failed, {}, {})["12"]).toMatchObject({ state: "error", error: "no" });
});

it("hides the steps that a node was expanded to", () => {
  const nodes: Record<string, NodeRun> = { "9": { state: "running" }, "9.list.0.0": { state: "running" } };
  expect(Object.keys(withInstances(nodes, { "9.list.0.0": "9" }, {}))).toEqual(["9"]);
});

it("gives the very same entry where nothing changed, so that nobody is drawn anew", () => {
  const state = fc.constantFrom<NodeRun["state"]>("waiting", "running", "done", "cached", "error", "stopped");
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom("1", "2:1", "2:2", "2:3:4"), state), (states) => {
      const nodes = Object.fromEntries(Object.entries(states).map(([id, s]) => [id, { state: s }]));
      const once = withInstances(nodes, {}, {});
      const twice = withInstances(nodes, {}, once);
      for (const id of Object.keys(once)) expect(twice[id]).toBe(once[id]);
    }),
  );
});

it("#22 shows the rounds of a loop on the nodes between its ends, in subgraphs too", () => {
  const parents = { "9.0.6": "9", "9.1.6": "9", "9.list.0.0": "9", "12:9.0.12:6": "12:9" };
  const nodes: Record<string, NodeRun> = {
    "9": { state: "running" },
    "9.0.6": { state: "done", seconds: 4, started: 1000 },
    "9.1.6": { state: "running", done: 3, total: 20 },
    "9.list.0.0": { state: "waiting" },
    "12:9": { state: "running" },
    "12:9.0.12:6": { state: "waiting" },
  };
  const shown = withInstances(nodes, parents, {});
  expect(Object.keys(shown).toSorted()).toEqual(["12", "12:6", "12:9", "6", "9"]);
  expect(shown["6"]).toEqual({ state: "running", done: 3, total: 20 });
  const ended: Record<string, NodeRun> = { ...nodes, "9.1.6": { state: "done", seconds: 5, started: 2000 } };
  expect(withInstances(ended, parents, {})["6"]).toEqual({ state: "done", seconds: 6 });
});

it("#22 leaves a node alone that runs itself", () => {
  const nodes: Record<string, NodeRun> = { "6": { state: "done", seconds: 1 }, "9.0.6": { state: "waiting" } };
  expect(withInstances(nodes, { "9.0.6": "9" }, {})["6"]).toEqual({ state: "done", seconds: 1 });
});

const file = (name: string) => ({ filename: name, subfolder: "", type: "temp" });

it("shows the cells of a plot on it while it runs, each in its place", () => {
  const labels = { grid: [{ columns: ["a", "b"], rows: [""] }] };
  const parents = { "8.labels": "8", "8.cell.x0y0": "8", "8.cell.x1y0": "8", "8.x0.5": "8", "8.x1.5": "8" };
  const nodes: Record<string, NodeRun> = {
    "8": { state: "running" },
    "8.labels": { state: "done", shown: labels },
    "8.cell.x0y0": { state: "waiting" },
    "8.cell.x1y0": { state: "done", shown: { images: [file("b.png")] } },
    "8.x0.5": { state: "running", done: 3, total: 20 },
    "8.x1.5": { state: "done" },
  };
  const shown = withInstances(nodes, parents, {});
  expect(shown["8"]).toEqual({
    state: "running",
    done: 1,
    total: 2,
    shown: { ...labels, cells: { x1y0: [file("b.png")] } },
  });
  expect(shown["5"]).toMatchObject({ state: "running", done: 3 });
  expect(withInstances({ ...nodes, "8.x0.5": { state: "running", done: 4, total: 20 } }, parents, shown)["8"]).toBe(
    shown["8"],
  );
  expect(plotOf(shown["8"]?.shown ?? {})?.cells).toEqual([null, file("b.png")]);
  const whole = { ...labels, images: [file("a.png"), file("b.png")] };
  const over = withInstances({ ...nodes, "8": { state: "done", shown: whole } }, parents, shown)["8"];
  expect(over).toEqual({ state: "done", shown: whole });
  expect(plotOf(whole)).toEqual({ columns: ["a", "b"], rows: [""], cells: [file("a.png"), file("b.png")] });
  expect(plotOf({ images: [file("a.png")] })).toBeNull();
});

it("shows why a cell of a plot has no picture, while it runs and after it", () => {
  const labels = { grid: [{ columns: ["a", "b", "c"], rows: [""] }] };
  const gap = { cell: "x1y0", reason: "KSampler failed: no.", telling: { sentence: "{x}", values: { x: 1 } } };
  const told = { reason: gap.reason, telling: gap.telling };
  const parents = { "8.labels": "8", "8.cell.x0y0": "8", "8.cell.x1y0": "8", "8.cell.x2y0": "8", "8.x1.5": "8" };
  const nodes: Record<string, NodeRun> = {
    "8": { state: "running" },
    "8.labels": { state: "done", shown: labels },
    "8.cell.x0y0": { state: "waiting" },
    "8.cell.x1y0": { state: "done", shown: { images: [file("card.png")], gaps: [gap] } },
    "8.cell.x2y0": { state: "done", shown: { images: [file("c1.png"), file("c2.png")] } },
    "8.x1.5": { state: "stopped" },
  };
  const shown = withInstances(nodes, parents, {});
  expect(plotOf(shown["8"]?.shown ?? {})?.cells).toEqual([null, told, file("c1.png")]);
  expect(shown["5"]?.state).toBe("stopped");
  const pictures = ["a1.png", "a2.png", "card.png", "c1.png", "c2.png"].map(file);
  expect(plotOf({ ...labels, images: pictures, gaps: [gap] })?.cells).toEqual([file("a1.png"), told, file("c1.png")]);
});
