import { produce } from "immer";
import { expect, test } from "vitest";
import { emptyDoc } from "../document";
import type { DocDraft } from "../draft";
import { begun, faults, REGISTRY } from "../testkit";
import type { Doc, NodeType } from "../types";
import { firstFit, refusedIn, validate } from "../validate";
import { merged, sourceOf, wiresOf } from "../wires";
import { tidy } from "./arrange";
import { groupAround, inside, moveGroup, setGroupMode } from "./frames";
import { addReroute, connect, disconnect, moveReroute, removeReroute } from "./links";
import { addNode, insertOnLink, moveNodes, removeNodes, setMode, setPinned } from "./nodes";

const typeNamed = (name: string): NodeType => REGISTRY[name] ?? { ...(REGISTRY["Any"] as NodeType), name };

/** Nodes of these types in a row, ids from 1. */
const row = (...types: string[]): Doc =>
  produce(emptyDoc(), (d) => {
    for (const [n, type] of types.entries()) addNode(d, null, typeNamed(type), [n * 300, 0]);
  });

const edit = (doc: Doc, recipe: (d: DocDraft) => void): Doc =>
  produce(doc, (d) => {
    recipe(d);
  });

const link = (source: string, output: number, target: string, input: string) => ({ source, output, target, input });
const reason = (doc: Doc, ...c: Parameters<typeof link>) => validate(doc, null, REGISTRY, link(...c));

test("#3 #4 every refusal has its reason", () => {
  const doc = edit(row("Load", "Patch", "Patch", "Decode"), (d) => {
    connect(d, null, link("1", 0, "2", "model"), REGISTRY);
    connect(d, null, link("2", 0, "3", "model"), REGISTRY);
  });
  expect(reason(doc, "1", 0, "3", "model")).toBeNull();
  expect(reason(doc, "2", 0, "2", "model")).toEqual({ key: "graph:reason.same_node" });
  expect(reason(doc, "3", 0, "2", "model")).toEqual({ key: "graph:reason.cycle" });
  expect(reason(doc, "1", 7, "2", "model")).toEqual({ key: "graph:reason.no_such_socket" });
  expect(reason(doc, "1", 0, "9", "model")).toEqual({ key: "graph:reason.no_such_socket" });
  expect(reason(doc, "1", 1, "4", "vae")).toEqual({ key: "graph:reason.type", args: { from: "CLIP", to: "VAE" } });
});

test("#15 a subgraph may not come to hold itself, at any depth", () => {
  const doc = begun();
  expect(refusedIn(doc, "2", "subgraph:1")?.key).toBe("graph:reason.subgraph_recursion");
  expect(refusedIn(doc, "1", "subgraph:1")?.key).toBe("graph:reason.subgraph_recursion");
  expect(refusedIn(doc, "1", "subgraph:2")).toBeNull();
  expect(refusedIn(doc, null, "subgraph:1")).toBeNull();
});

test("#2 a hanging link finds the first socket of its very type, then one that takes it", () => {
  const doc = row("Load", "Number", "Sample", "Decode");
  expect(firstFit(doc, null, REGISTRY, { node: "1", output: 1 }, typeNamed("Patch"))).toBe("clip");
  expect(firstFit(doc, null, REGISTRY, { node: "2", output: 0 }, typeNamed("Patch"))).toBe("weight");
  expect(firstFit(doc, null, REGISTRY, { node: "4", input: "vae" }, typeNamed("Load"))).toBe(2);
  expect(firstFit(doc, null, REGISTRY, { node: "1", output: 0 }, typeNamed("Show"))).toBeNull();
});

test("#5 an input keeps one link, and its typed-in value comes back when the link goes", () => {
  const doc = edit(row("Number", "Number", "Sample"), (d) => {
    const node = d.root.nodes["3"];
    if (node) node.values["seed"] = "18446744073709551615";
    connect(d, null, link("1", 0, "3", "seed"), REGISTRY);
    connect(d, null, link("2", 0, "3", "seed"), REGISTRY);
  });
  expect(doc.root.nodes["3"]?.links).toEqual({ seed: { node: "2", output: 0 } });
  const free = edit(doc, (d) => disconnect(d, null, "3", "seed"));
  expect(free.root.nodes["3"]).toMatchObject({ links: {}, values: { seed: "18446744073709551615" } });
});

test("#6 a node dropped on a link takes its place there; one that does not fit is left alone", () => {
  const doc = edit(row("Load", "Sample", "Patch", "Decode"), (d) => {
    connect(d, null, link("1", 0, "2", "model"), REGISTRY);
    moveNodes(d, null, { "3": [150, 0] });
    addReroute(d, null, "2", "model", 0, [250, 5]);
    addReroute(d, null, "2", "model", 0, [50, 5]);
  });
  const put = edit(doc, (d) => expect(insertOnLink(d, null, REGISTRY, "3", "2", "model")).toBe(true));
  expect(put.root.nodes["3"]?.links["model"]).toEqual({ node: "1", output: 0, points: [[50, 5]] });
  expect(put.root.nodes["2"]?.links["model"]).toEqual({ node: "3", output: 0, points: [[250, 5]] });
  expect(edit(doc, (d) => expect(insertOnLink(d, null, REGISTRY, "4", "2", "model")).toBe(false))).toBe(doc);
});

test("#6 a dissolved node joins its links with their reroutes, inside a subgraph the boundary's too", () => {
  const doc = edit(row("Load", "Patch", "Sample"), (d) => {
    connect(d, null, link("1", 0, "2", "model"), REGISTRY);
    connect(d, null, link("2", 0, "3", "model"), REGISTRY);
    addReroute(d, null, "2", "model", 0, [10, 0]);
    addReroute(d, null, "3", "model", 0, [20, 0]);
  });
  const healed = edit(doc, (d) => removeNodes(d, null, REGISTRY, ["2"], { heal: true }));
  const both = [
    [10, 0],
    [20, 0],
  ];
  expect(healed.root.nodes["3"]?.links["model"]).toEqual({ node: "1", output: 0, points: both });
  expect(edit(doc, (d) => removeNodes(d, null, REGISTRY, ["2"])).root.nodes["3"]?.links).toEqual({});
  const inner = edit(begun(), (d) => removeNodes(d, "2", REGISTRY, ["9"], { heal: true }));
  expect(inner.subgraphs["2"]?.outputs).toEqual([{ name: "IMAGE", type: "IMAGE", from: "image" }]);
  expect(inner.subgraphs["2"]?.widgets).toEqual([]);
  expect(inner.subgraphs["1"]?.widgets).toEqual([]);
  expect(faults(inner)).toEqual([]);
});

test("#6 dissolving a node that holds a number leaves the number", () => {
  const doc = edit(row("Number", "Sample"), (d) => {
    connect(d, null, link("1", 0, "2", "seed"), REGISTRY);
    const node = d.root.nodes["1"];
    if (node) node.values["value"] = "12345678901234567890";
  });
  const healed = edit(doc, (d) => removeNodes(d, null, REGISTRY, ["1"], { heal: true }));
  expect(healed.root.nodes["2"]).toMatchObject({ links: {}, values: { seed: "12345678901234567890" } });
});

const points = (d: Doc) => d.root.nodes["2"]?.links["model"]?.points;

test("#6 reroutes are put, moved and taken away, and go along with both ends", () => {
  const doc = edit(row("Load", "Sample"), (d) => {
    connect(d, null, link("1", 0, "2", "model"), REGISTRY);
    addReroute(d, null, "2", "model", 0, [10, 0]);
    addReroute(d, null, "2", "model", 1, [20, 0]);
    moveReroute(d, null, "2", "model", 1, [30, 5]);
  });
  expect(points(doc)).toEqual([
    [10, 0],
    [30, 5],
  ]);
  const both = edit(doc, (d) => moveNodes(d, null, { "1": [0, 100], "2": [300, 100] }));
  expect(points(both)?.[0]).toEqual([10, 100]);
  expect(points(edit(doc, (d) => moveNodes(d, null, { "2": [300, 100] })))?.[0]).toEqual([10, 0]);
  expect(points(edit(doc, (d) => tidy(d, null, REGISTRY)))).toBeUndefined();
  const none = edit(doc, (d) => {
    removeReroute(d, null, "2", "model", 0);
    removeReroute(d, null, "2", "model", 0);
  });
  expect(none.root.nodes["2"]?.links["model"]).toEqual({ node: "1", output: 0 });
});

test("#13 pinned nodes stay where they are", () => {
  const doc = edit(row("Load", "Sample"), (d) => setPinned(d, null, ["1"], true));
  const moved = edit(doc, (d) => moveNodes(d, null, { "1": [9, 9], "2": [9, 9] }));
  expect([moved.root.nodes["1"]?.pos, moved.root.nodes["2"]?.pos]).toEqual([
    [0, 0],
    [9, 9],
  ]);
});

test("#14 #11 a group carries what lies in it, and mutes it", () => {
  const doc = edit(row("Load", "Sample", "Decode"), (d) => {
    groupAround(d, null, REGISTRY, ["1"], "inner");
    groupAround(d, null, REGISTRY, ["1", "2"], "outer");
  });
  const grown = edit(doc, (d) => {
    const outer = d.root.groups["2"];
    if (outer)
      [outer.pos, outer.size] = [
        [-100, -200],
        [720, 700],
      ];
  });
  expect(inside(grown, null, REGISTRY, "2")).toEqual({ nodes: ["1", "2"], groups: ["1"], notes: [] });
  const moved = edit(grown, (d) => moveGroup(d, null, REGISTRY, "2", [-90, -200]));
  expect(Object.values(moved.root.nodes).map((n) => n.pos[0])).toEqual([10, 310, 600]);
  expect(moved.root.groups["1"]?.pos[0]).toBe((doc.root.groups["1"]?.pos[0] ?? 0) + 10);
  const muted = edit(grown, (d) => setGroupMode(d, null, REGISTRY, "2", "mute"));
  expect(Object.values(muted.root.nodes).map((n) => n.mode)).toEqual(["mute", "mute", undefined]);
  expect(edit(muted, (d) => setMode(d, null, ["1", "2"], null))).toEqual(grown);
});

test("#12 the links between collapsed nodes are one line", () => {
  const doc = edit(row("Load", "Patch"), (d) => {
    connect(d, null, link("1", 0, "2", "model"), REGISTRY);
    connect(d, null, link("1", 1, "2", "clip"), REGISTRY);
  });
  const lines = (collapsed: string[]) => merged(wiresOf(doc, null), (id) => collapsed.includes(id)).length;
  expect([lines([]), lines(["1"]), lines(["1", "2"])]).toEqual([2, 2, 1]);
});

test("#15 links to a boundary make ports and lead through them", () => {
  const doc = edit(begun(), (d) => {
    addNode(d, "2", typeNamed("Show"), [0, 0]);
    connect(d, "2", link("@in", 0, "10", "image"), REGISTRY);
    connect(d, "2", link("@in", 2, "10", "image"), REGISTRY);
    connect(d, "2", link("9", 0, "@out", "1"), REGISTRY);
  });
  expect(doc.subgraphs["2"]?.inputs.map((p) => [p.name, p.type, p.to])).toEqual([
    ["image", "IMAGE", [["9", "image"]]],
    ["image_2", "IMAGE", [["10", "image"]]],
  ]);
  expect(doc.subgraphs["2"]?.outputs.map((p) => p.from)).toEqual([
    ["9", 0],
    ["9", 0],
  ]);
  expect(sourceOf(doc, "2", "10", "image")).toEqual({ node: "@in", output: 1 });
  expect(faults(doc)).toEqual([]);
});
