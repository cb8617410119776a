import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { documents } from "~/formats/arbitrary";
import { diff, type GraphDiff } from "./diff";
import type { Doc, GraphNode } from "./types";

const node = (more: Partial<GraphNode> = {}): GraphNode => ({
  type: "KSampler",
  values: { seed: 1 },
  links: {},
  pos: [0, 0],
  meta: {},
  ...more,
});

const doc = (nodes: Record<string, GraphNode>, more: Partial<Doc> = {}): Doc => ({
  title: "",
  root: { nodes, groups: {}, notes: {} },
  subgraphs: {},
  form: [],
  meta: {},
  ...more,
});

const ids = (rows: readonly GraphDiff[], part: "added" | "removed" | "changed") =>
  rows.flatMap((row) => row[part].map((change) => `${row.scope}/${change.id}`)).toSorted();

describe("#32 the difference of two documents", () => {
  test("is none between a document and itself or its copy", () => {
    fc.assert(
      fc.property(documents, (one) => {
        expect(diff(one, one)).toEqual([]);
        expect(diff(one, structuredClone(one))).toEqual([]);
      }),
    );
  });

  test("the other way round has what was added as removed", () => {
    fc.assert(
      fc.property(documents, documents, (one, other) => {
        const [there, back] = [diff(one, other), diff(other, one)];
        expect(ids(there, "added")).toEqual(ids(back, "removed"));
        expect(ids(there, "changed")).toEqual(ids(back, "changed"));
      }),
    );
  });

  test("names added, removed and changed nodes", () => {
    const [row] = diff(
      doc({ a: node(), b: node(), c: node() }),
      doc({ b: node(), c: node({ values: { seed: 2 } }), d: node() }),
    );
    expect(row?.added.map(({ id }) => id)).toEqual(["d"]);
    expect(row?.removed.map(({ id }) => id)).toEqual(["a"]);
    expect(row?.changed).toEqual([
      {
        id: "c",
        node: node({ values: { seed: 2 } }),
        looks: [],
        inputs: [{ input: "seed", before: { kind: "value", value: 1 }, after: { kind: "value", value: 2 } }],
      },
    ]);
  });

  test("tells a value that became a link, and one that is hidden under it is no change", () => {
    const linked = node({ links: { seed: { node: "9", output: 2 } } });
    const [row] = diff(doc({ a: node() }), doc({ a: linked }));
    expect(row?.changed[0]?.inputs).toEqual([
      { input: "seed", before: { kind: "value", value: 1 }, after: { kind: "link", node: "9", output: 2 } },
    ]);
    expect(diff(doc({ a: linked }), doc({ a: { ...linked, values: { seed: 5 } } }))).toEqual([]);
  });

  test("titles, modes and types count; places, sizes and reroute points do not", () => {
    const other = node({ title: "T", mode: "mute", type: "Other" });
    expect(diff(doc({ a: node() }), doc({ a: other }))[0]?.changed[0]?.looks.map(({ what }) => what)).toEqual([
      "title",
      "mode",
      "type",
    ]);
    const link = { node: "9", output: 0 };
    const before = node({ links: { model: link } });
    const after = node({ links: { model: { ...link, points: [[1, 2]] } }, pos: [5, 5], size: [1, 1], color: "#fff" });
    expect(diff(doc({ a: before }), doc({ a: after }))).toEqual([]);
  });

  test("looks into subgraphs", () => {
    const inner = { title: "S", groups: {}, notes: {}, inputs: [], outputs: [], widgets: [], meta: {} };
    const one = doc({}, { subgraphs: { s: { ...inner, nodes: { x: node() } } } });
    const other = doc({}, { subgraphs: { s: { ...inner, nodes: { x: node({ values: {} }) } } } });
    expect(diff(one, other)).toMatchObject([
      { scope: "s", title: "S", changed: [{ id: "x", inputs: [{ input: "seed", after: { kind: "nothing" } }] }] },
    ]);
  });
});
