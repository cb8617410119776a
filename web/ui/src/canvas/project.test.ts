import fc from "fast-check";
import { expect, test } from "vitest";
import { produce } from "immer";
import { emptyDoc, graphOf } from "~/core/document";
import { setValue } from "~/core/edits/nodes";
import { shapeOf } from "~/core/geometry";
import { type Edit, REGISTRY, begun, doEdit, edits } from "~/core/testkit";
import type { Doc, GraphNode, Scope } from "~/core/types";
import { wiresOf } from "~/core/wires";
import { inHandle, linkId, outHandle } from "./ids";
import { type Shown, projector } from "./project";
import { wiring } from "./wiring";

const docOf = (some: readonly Edit[]): Doc =>
  some.slice(0, 6).reduce((doc, edit) => produce(doc, (d) => doEdit(d, edit)), begun());

const shownOf = (doc: Doc, scope: Scope = null): Shown => ({
  doc,
  scope,
  registry: REGISTRY,
  selection: new Set(),
  links: new Set(),
  moved: {},
  sized: {},
  held: null,
  lifted: null,
  readOnly: false,
});

const scopes = (doc: Doc): Scope[] => [null, ...Object.keys(doc.subgraphs)];

test("every node is projected once, with its size and its sockets given", () => {
  fc.assert(
    fc.property(edits, (some) => {
      const doc = docOf(some);
      for (const scope of scopes(doc)) {
        const { nodes } = projector()(shownOf(doc, scope));
        const graph = graphOf(doc, scope);
        expect(nodes.filter((n) => n.type === "node").map((n) => n.id)).toEqual(Object.keys(graph.nodes));
        expect(nodes.filter((n) => n.type === "boundary")).toHaveLength(scope === null ? 0 : 2);
        for (const flow of nodes) {
          expect(flow.measured).toEqual({ width: flow.width, height: flow.height });
          if (flow.type !== "node") continue;
          const shape = shapeOf(flow.data.node, flow.data.type);
          expect([flow.width, flow.height]).toEqual([...shape.size]);
          expect(flow.handles).toHaveLength(shape.inputs.length + shape.outputs.length);
        }
      }
    }),
    { numRuns: 20 },
  );
});

test("every link between sockets that are there is projected, from socket to socket", () => {
  fc.assert(
    fc.property(edits, (some) => {
      const doc = docOf(some);
      for (const scope of scopes(doc)) {
        const { nodes, links } = projector()(shownOf(doc, scope));
        const handles = new Map(nodes.map((n) => [n.id, new Set(n.handles?.map((h) => h.id))]));
        for (const link of links) {
          expect(handles.get(link.source)?.has(link.sourceHandle ?? "")).toBe(true);
          expect(handles.get(link.target)?.has(link.targetHandle ?? "")).toBe(true);
        }
        const wires = [...wiresOf(doc, scope)].filter((w) => handles.has(w.source) && handles.has(w.target));
        expect(links.map((l) => l.id).toSorted()).toEqual(wires.map((w) => linkId(w.target, w.input)).toSorted());
      }
    }),
    { numRuns: 20 },
  );
});

test("what did not change is the very same value", () => {
  fc.assert(
    fc.property(edits, (some) => {
      const doc = docOf(some);
      const project = projector();
      const before = project(shownOf(doc));
      const again = project(shownOf({ ...doc }));
      expect(again.nodes.every((n, i) => n === before.nodes[i])).toBe(true);
      expect(again.links.every((l, i) => l === before.links[i])).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test("an edit of one node is an edit of one node of the projection", () => {
  fc.assert(
    fc.property(edits, fc.nat(), (some, pick) => {
      const doc = docOf(some);
      const ids = Object.keys(doc.root.nodes);
      const id = ids[pick % Math.max(1, ids.length)];
      if (id === undefined) return;
      const project = projector();
      const before = new Map(project(shownOf(doc)).nodes.map((n) => [n.id, n]));
      const next = produce(doc, (d) => setValue(d, null, id, "fresh value", pick));
      const changed = project(shownOf(next)).nodes.filter((n) => before.get(n.id) !== n);
      expect(changed.map((n) => n.id)).toEqual([id]);
    }),
    { numRuns: 20 },
  );
});

const node = (type: string, links: GraphNode["links"] = {}): GraphNode => ({
  type,
  values: {},
  links,
  pos: [0, 0],
  meta: {},
});
const docWith = (nodes: Record<string, GraphNode>): Doc => ({ ...emptyDoc(), root: { nodes, groups: {}, notes: {} } });

test("links of unknown types, and to sockets that a type no longer has, are drawn", () => {
  const doc = docWith({
    "1": node("Gone"),
    "2": node("Show", { image: { node: "1", output: 2 }, lost: { node: "1", output: 0 } }),
  });
  const { links } = projector()(shownOf(doc));
  expect(links.map((l) => [l.sourceHandle, l.targetHandle])).toEqual([
    [outHandle(2), inHandle("image")],
    [outHandle(0), inHandle("lost")],
  ]);
});

test("a link has the colour of what flows: of its input where the output gives anything", () => {
  const doc = docWith({ "1": node("Any"), "2": node("Show", { image: { node: "1", output: 0 } }) });
  expect(projector()(shownOf(doc)).links[0]?.data?.type).toBe("IMAGE");
});

test("#11 links of muted nodes are still, links of a lifted end are not drawn", () => {
  const doc = docWith({
    "1": { ...node("Any"), mode: "mute" },
    "2": node("Show", { image: { node: "1", output: 0 } }),
  });
  expect(projector()(shownOf(doc)).links[0]?.data?.still).toBe(true);
  expect(projector()({ ...shownOf(doc), lifted: linkId("2", "image") }).links).toEqual([]);
});

test("a held node stays mounted out of sight, a pinned one is not dragged", () => {
  const doc = docWith({ "1": { ...node("Any"), pinned: true }, "2": node("Any") });
  const { nodes } = projector()({ ...shownOf(doc), held: "2" });
  expect(nodes.map((n) => [n.id, n.draggable, n.dragging])).toEqual([
    ["1", false, undefined],
    ["2", true, true],
  ]);
});

test("the wiring is counted once for a document", () => {
  const shown = shownOf(docWith({ "1": node("Any") }));
  expect(wiring(shown)).toBe(wiring({ ...shown }));
});
