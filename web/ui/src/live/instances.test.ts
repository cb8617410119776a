import fc from "fast-check";
import { expect, it } from "vitest";
import type { NodeRun } from "~/stores/run";
import { around, withInstances } from "./instances";

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
