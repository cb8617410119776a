import fc from "fast-check";
import { expect, test } from "vitest";
import { aligned, type Box, type Boxes, distributed, guides, type Side, snapped, tidied } from "./layout";
import type { Graph, GraphNode, Link, Point } from "./types";

const node = (links: Record<string, Link> = {}, pos: Point = [0, 0]): GraphNode => ({
  type: "Any",
  values: {},
  links,
  pos,
  meta: {},
});

/** Node n takes from `into[n]` nodes before it. */
function graphOf(into: readonly (readonly number[])[]): Graph {
  const nodes = into.map((some, n) => {
    const links = some.filter((one) => one < n).map((one) => [`i${one}`, { node: String(one), output: 0 }] as const);
    return [String(n), node(Object.fromEntries(links), [n * 7, n * 3])] as const;
  });
  return { nodes: Object.fromEntries(nodes), groups: {}, notes: {} };
}

const sized = () => ({ size: [200, 100] as const });

test("#16 tidied nodes stand behind what they take from, overlap nowhere and keep the upper left corner", () => {
  const graphs = fc.array(fc.array(fc.nat(60), { maxLength: 6 }), { minLength: 1, maxLength: 60, size: "max" });
  fc.assert(
    fc.property(graphs, (into) => {
      const graph = graphOf(into);
      const places = tidied(graph, sized);
      const all = Object.entries(places);
      expect(all.length).toBe(into.length);
      for (const [id, { links }] of Object.entries(graph.nodes))
        for (const link of Object.values(links)) expect(places[id]?.[0]).toBeGreaterThan(places[link.node]?.[0] ?? 0);
      for (const [a, [x, y]] of all)
        for (const [b, [u, v]] of all)
          if (a < b) expect(Math.abs(x - u) >= 199 || Math.abs(y - v) >= 99, `${a} and ${b} overlap`).toBe(true);
      expect([Math.min(...all.map(([, p]) => p[0])), Math.min(...all.map(([, p]) => p[1]))]).toEqual([0, 0]);
    }),
    { numRuns: 25 },
  );
}, 60_000);

test("#16 only what was chosen is tidied, and pinned nodes stay", () => {
  const graph = graphOf([[], [0], [1], [2]]);
  const pinned = { ...graph, nodes: { ...graph.nodes, "2": { ...node(), pinned: true } } };
  expect(Object.keys(tidied(pinned, sized, ["1", "2", "3"]))).toEqual(["1", "3"]);
  expect(tidied(graph, sized, [])).toEqual({});
});

const box = (x: number, y: number, width: number, height: number): Box => ({ pos: [x, y], size: [width, height] });
const middle = ({ pos, size }: Box) => pos[0] + size[0] / 2;
const boxes: Boxes = { a: box(0, 0, 100, 40), b: box(50, 100, 200, 60), c: box(400, 300, 40, 20) };

const xs = (side: Side) => Object.values(aligned(boxes, side)).map((p) => p[0]);
const ys = (side: Side) => Object.values(aligned(boxes, side)).map((p) => p[1]);

test("#16 sides and middles are brought in line", () => {
  expect(xs("left")).toEqual([0, 0, 0]);
  expect(xs("right")).toEqual([340, 240, 400]);
  expect(xs("center")).toEqual([170, 120, 200]);
  expect(ys("top")).toEqual([0, 0, 0]);
  expect(ys("bottom")).toEqual([280, 260, 300]);
  expect(ys("middle")).toEqual([140, 130, 150]);
  expect(ys("left")).toEqual([0, 100, 300]);
});

test("#16 distributed boxes have equal gaps and the ones at the ends stay", () => {
  const some = fc.array(fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 10, max: 200 })), {
    minLength: 3,
  });
  fc.assert(
    fc.property(some, (rows) => {
      const all = Object.fromEntries(rows.map(([x, width], n) => [String(n), box(x, 0, width, 10)]));
      const places = distributed(all, "x");
      const inOrder = Object.entries(all)
        .toSorted(([, one], [, other]) => middle(one) - middle(other))
        .map(([id, { size }]) => [places[id]?.[0] ?? 0, (places[id]?.[0] ?? 0) + size[0]] as const);
      const gaps = inOrder.slice(1).map(([x], n) => x - (inOrder[n]?.[1] ?? 0));
      for (const gap of gaps) expect(gap).toBeCloseTo(gaps[0] ?? 0, 6);
    }),
  );
  expect(distributed(boxes, "x")["a"]).toEqual([0, 0]);
  expect(distributed(boxes, "x")["c"]).toEqual([400, 300]);
});

test("#16 a point goes to the nearest point of the grid, or stays without one", () => {
  expect(snapped([13, -13], 8)).toEqual([16, -16]);
  expect(snapped([13.5, 2], 0)).toEqual([13.5, 2]);
});

test("#16 a dragged box gives way to be in line with others, and tells the line", () => {
  expect(guides([boxes["a"] ?? box(0, 0, 0, 0)], box(4, 200, 60, 40))).toEqual({
    by: [-4, 0],
    lines: [{ axis: "x", at: 0, from: 0, to: 240 }],
  });
  expect(guides(Object.values(boxes), box(1000, 1000, 10, 10))).toEqual({ by: [0, 0], lines: [] });
});
