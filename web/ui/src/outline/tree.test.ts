import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyDoc, emptyGraph } from "~/core/document";
import type { Doc, Graph, GraphNode, InputDef, NodeType, Registry } from "~/core/types";
import { endsFor } from "./ends";
import { folded, moved, opened, type Row, rowsOf, typed } from "./tree";

const def = (type: string): InputDef => ({ type, required: true, help: "" });
const type = (name: string, inputs: Record<string, InputDef>, outputs: string[]): NodeType => ({
  name,
  label: name,
  category: "",
  kind: "pure",
  help: "",
  inputs,
  outputs: outputs.map((t) => ({ name: t, type: t, list: false, help: "" })),
  module: "",
});
const registry: Registry = {
  Load: type("Load", {}, ["MODEL", "CLIP"]),
  Encode: type("Encode", { clip: def("CLIP") }, ["COND"]),
  Sample: type("Sample", { model: def("MODEL"), cond: def("COND"), any: def("*") }, ["LATENT"]),
};

const node = (kind: string, links: GraphNode["links"] = {}, pos: GraphNode["pos"] = [0, 0]): GraphNode => ({
  type: kind,
  values: {},
  links,
  pos,
  meta: {},
});
const graph = (nodes: Graph["nodes"], more: Partial<Graph> = {}): Graph => ({ ...emptyGraph(), nodes, ...more });

const flat: Doc = {
  ...emptyDoc(),
  root: graph({
    "1": node("Sample", { model: { node: "3", output: 0 }, cond: { node: "2", output: 0 } }),
    "2": node("Encode", { clip: { node: "3", output: 1 } }),
    "3": node("Load"),
  }),
};

const inner: Doc = {
  ...emptyDoc(),
  root: graph({ "7": node("subgraph:s"), "8": node("subgraph:s") }),
  subgraphs: {
    s: { ...graph({ "1": node("Load") }), title: "Two", inputs: [], widgets: [], outputs: [], meta: {} },
  },
};

const keys = (doc: Doc, toggled: Iterable<string> = []) => rowsOf(doc, registry, new Set(toggled)).map((r) => r.key);

describe("#20 rows of the outline", () => {
  test("come in running order", () => {
    expect(keys(flat)).toEqual(["3", "2", "1"]);
  });

  test("an instance opens to its definition between its two ends, each instance by itself", () => {
    expect(keys(inner)).toEqual(["7", "8"]);
    expect(keys(inner, ["8"])).toEqual(["7", "8", "8:@in", "8:1", "8:@out"]);
    const open = rowsOf(inner, registry, new Set(["8"]));
    expect(open.map((r) => [r.level, r.place, r.of])).toEqual([
      [1, 1, 2],
      [1, 2, 2],
      [2, 1, 3],
      [2, 2, 3],
      [2, 3, 3],
    ]);
    expect(open.map((r) => r.open)).toEqual([false, true, null, null, null]);
  });

  test("a definition that holds itself ends", () => {
    const s = inner.subgraphs["s"];
    if (!s) throw new Error("no definition");
    const doc = { ...inner, subgraphs: { s: { ...s, nodes: { "1": node("subgraph:s") } } } };
    expect(keys(doc, ["7", "7:1", "7:1:1"])).toEqual(["7", "7:@in", "7:1", "7:@out", "8"]);
  });

  test("a node lies in the smallest group around it; groups stand where their first node does; notes come last", () => {
    const box = { title: "", meta: {} };
    const doc: Doc = {
      ...flat,
      root: {
        ...flat.root,
        groups: {
          all: { ...box, pos: [-50, -50], size: [2000, 2000] },
          few: { ...box, pos: [-20, -20], size: [400, 300] },
          none: { ...box, pos: [9000, 0], size: [10, 10] },
        },
        nodes: { ...flat.root.nodes, "1": node("Sample", flat.root.nodes["1"]?.links, [1000, 1000]) },
        notes: { n: { text: "Look", pos: [0, 0], size: [10, 10], meta: {} } },
      },
    };
    expect(keys(doc)).toEqual(["group:few", "3", "2", "group:all", "1", "group:none", "note:n"]);
    expect(keys(doc, ["group:few"])).toEqual(["group:few", "group:all", "1", "group:none", "note:n"]);
  });

  test("what is selected inside is opened to", () => {
    const path = [{ instance: "8", subgraph: "s" }];
    expect(keys(inner, opened(new Set(), path))).toContain("8:1");
    const open = new Set(["8"]);
    expect(opened(open, path)).toBe(open);
  });
});

const KEYS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"];

describe("#20 keys of the tree", () => {
  const rows = rowsOf(inner, registry, new Set(["7", "8"]));

  test("never lead out of the list", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...KEYS)), (pressed) => {
        let at = 0;
        for (const key of pressed) at = moved(rows, at, key) ?? -1;
        expect(rows[at]).toBeDefined();
      }),
    );
  });

  test("right goes in, left goes out", () => {
    expect(moved(rows, 0, "ArrowRight")).toBe(1);
    expect(moved(rows, 2, "ArrowLeft")).toBe(0);
    expect(moved(rows, 1, "ArrowRight")).toBe(1);
    expect(moved(rows, 0, "x")).toBeUndefined();
    expect(moved([] as Row[], 0, "Home")).toBeUndefined();
  });

  test("letters find what begins with them, without diacritics, around the end", () => {
    const names = ["Tải ảnh", "Đảo màu", "Lưu ảnh", "Tách"];
    expect(typed(names, 0, "d")).toBe(1);
    expect(typed(names, 0, "t")).toBe(3);
    expect(typed(names, 3, "t")).toBe(0);
    expect(typed(names, 0, "ta")).toBe(0);
    expect(typed(names, 0, "luu a")).toBe(2);
    expect(typed(names, 0, "z")).toBe(-1);
    expect(folded("Đường dẫn")).toBe("duong dan");
  });
});

describe("#4 ends for a socket", () => {
  test("the same type first, then what fits, then the others with the reason", () => {
    const found = endsFor(flat, null, registry, { node: "1", input: "cond" });
    expect(found.map((e) => [e.node, e.connection.output, e.reason?.key ?? null, e.current])).toEqual([
      ["2", 0, null, true],
      ["3", 0, "graph:reason.type", false],
      ["3", 1, "graph:reason.type", false],
    ]);
  });

  test("of an output: inputs of other nodes, no circle", () => {
    const found = endsFor(flat, null, registry, { node: "2", output: 0 });
    expect(found.map((e) => [e.connection.target, e.connection.input, e.reason?.key ?? null])).toEqual([
      ["1", "cond", null],
      ["1", "any", null],
      ["1", "model", "graph:reason.type"],
    ]);
    const back = endsFor(flat, null, registry, { node: "1", output: 0 });
    expect(back.every((e) => e.reason)).toBe(true);
  });
});
