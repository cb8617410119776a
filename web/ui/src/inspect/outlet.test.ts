import { expect, test } from "vitest";
import type { Subgraph } from "~/core/types";
import { docOf, node } from "~/live/testing";
import { outletOf } from "./outlet";

const SUBGRAPH: Subgraph = {
  title: "Inner",
  nodes: { a: node("A"), b: node("B", {}, { in: ["a", 1] }) },
  groups: {},
  notes: {},
  inputs: [{ name: "given", type: "X", to: [["a", "x"]] }],
  widgets: [],
  outputs: [
    { name: "made", type: "X", from: ["a", 1] },
    { name: "passed", type: "X", from: "given" },
    { name: "nothing", type: "X", from: null },
  ],
  meta: {},
};
const DOC = docOf(
  { "1": node("C"), "2": node("subgraph:s", {}, { given: ["1", 3] }), "3": node("subgraph:s") },
  { s: SUBGRAPH },
);
const at = (id: string, output: number, path: { instance: string; subgraph: string }[] = []) =>
  outletOf(DOC, { path, node: id, output });
const inside = [{ instance: "2", subgraph: "s" }];

test("an output of a plain node is its own, inside an instance by its full id", () => {
  expect(at("1", 3)).toEqual({ full: "1", output: 3 });
  expect(at("a", 1, inside)).toEqual({ full: "2:a", output: 1 });
});

test("#15 what comes out of an instance is made inside it, or comes from before it", () => {
  expect(at("2", 0)).toEqual({ full: "2:a", output: 1 });
  expect(at("2", 1)).toEqual({ full: "1", output: 3 });
  expect(at("@in", 0, inside)).toEqual({ full: "1", output: 3 });
});

test("nothing is made where nothing leads to, or by a node that is off", () => {
  expect(at("2", 2)).toBeNull();
  expect(at("3", 1)).toBeNull();
  expect(at("gone", 0)).toBeNull();
  for (const mode of ["mute", "bypass"] as const) {
    const doc = docOf({ "1": node("C", {}, {}, { mode }) });
    expect(outletOf(doc, { path: [], node: "1", output: 0 })).toBeNull();
  }
});

test("a subgraph that contains itself is no way without end", () => {
  const again: Subgraph = {
    ...SUBGRAPH,
    nodes: { a: node("subgraph:s") },
    outputs: [{ name: "made", type: "X", from: ["a", 0] }],
  };
  expect(outletOf(docOf({ "1": node("subgraph:s") }, { s: again }), { path: [], node: "1", output: 0 })).toBeNull();
});
