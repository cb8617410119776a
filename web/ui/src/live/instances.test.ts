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
  const nodes: Record<string, NodeRun> = { "9": { state: "running" }, "9.0.1": { state: "running" } };
  expect(Object.keys(withInstances(nodes, { "9.0.1": "9" }, {}))).toEqual(["9"]);
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
