import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { clipText, copied, paste, readClip } from "./clipboard";
import { graphOf, subgraphIdOf, typeOf } from "./document";
import { makeSubgraph, unpack } from "./edits/subgraphs";
import { removeNodes, setMode } from "./edits/nodes";
import { flattened } from "./flat";
import { begin, edited, type History, redone, undone } from "./history";
import { begun, diceOf, doEdit, type Edit, edits, faults, pick, REGISTRY } from "./testkit";
import { wiresOf } from "./wires";
import type { Doc, NodeId, Scope } from "./types";

const label = { key: "graph:edit.move" };
const RUNS = 25;

vi.setConfig({ testTimeout: 60_000 });

const played = (some: readonly Edit[]): History =>
  some.reduce((h, edit, n) => edited(h, label, (d) => doEdit(d, edit), null, n * 10_000), begin(begun()));

const after = (doc: Doc, recipe: Parameters<typeof edited>[2]): Doc => edited(begin(doc), label, recipe, null, 0).doc;

test("#9 undoing all edits gives the first document, redoing all the last", () => {
  fc.assert(
    fc.property(edits, (some) => {
      const end = played(some);
      let back = end;
      while (back.past.length) back = undone(back);
      expect(back.doc).toEqual(begun());
      while (back.future.length) back = redone(back);
      expect(back.doc).toEqual(end.doc);
    }),
    { numRuns: RUNS },
  );
});

test("#4 no edit leaves a circle, a loose link, a doubled link or a promoted widget that shows nothing", () => {
  fc.assert(
    fc.property(edits, (some) => {
      let doc = begun();
      expect(faults(doc)).toEqual([]);
      for (const edit of some) {
        doc = after(doc, (d) => doEdit(d, edit));
        expect(faults(doc)).toEqual([]);
      }
    }),
    { numRuns: RUNS },
  );
});

/** The links of the graph that runs, by full ids that are renamed first. */
function linksOf(doc: Doc, rename: (id: string) => string = (id) => id): Record<string, unknown> {
  const nodes = [...flattened(doc, REGISTRY)].map(([id, { node, args }]) => {
    const links = Object.entries(args).flatMap(([name, arg]) =>
      "link" in arg ? [[name, [rename(arg.link.node), arg.link.output]] as const] : [],
    );
    return [rename(id), { type: node.type, links: Object.fromEntries(links) }] as const;
  });
  return Object.fromEntries(nodes);
}

const argsOf = (doc: Doc) => new Map([...flattened(doc, REGISTRY)].map(([id, { args }]) => [id, args]));

/** A played document, and a choice among the nodes of one of its graphs. */
const chosen = fc.tuple(edits, fc.nat(2 ** 31)).map(([some, seed]) => {
  const { doc } = played(some);
  const dice = diceOf(seed);
  const scope = pick<Scope>(dice, [null, null, ...Object.keys(doc.subgraphs)]) ?? null;
  return { doc, scope, ids: Object.keys(graphOf(doc, scope).nodes).filter(() => dice() < 0.5) };
});

const check = (law: (c: { doc: Doc; scope: Scope; ids: NodeId[] }) => void) =>
  fc.assert(
    fc.property(chosen, (c) => void law(c)),
    { numRuns: RUNS },
  );

test("#15 a subgraph runs as its nodes did, and unpacked they are as they were", () => {
  check(({ doc, scope, ids }) => {
    let made: NodeId | null = null;
    const packed = after(doc, (d) => void (made = makeSubgraph(d, scope, REGISTRY, ids, "Part")));
    if (made === null) return expect(packed).toBe(doc);
    expect(faults(packed)).toEqual([]);
    const inside = new RegExp(`^${made}:`);
    if (scope === null) expect(linksOf(packed, (id) => id.replace(inside, ""))).toEqual(linksOf(doc));
    const open = after(packed, (d) => void unpack(d, scope, REGISTRY, made ?? ""));
    expect(argsOf(open)).toEqual(argsOf(doc));
    expect(Object.keys(open.subgraphs)).toEqual(Object.keys(doc.subgraphs));
  });
});

test("#15 any instance can be unpacked, and what runs stays the same", () => {
  check(({ doc }) => {
    for (const [id, node] of Object.entries(doc.root.nodes)) {
      const inner = doc.subgraphs[subgraphIdOf(node.type) ?? ""];
      if (!inner) continue;
      let fresh: NodeId[] = [];
      const open = after(doc, (d) => void (fresh = unpack(d, null, REGISTRY, id)));
      expect(faults(open)).toEqual([]);
      const names = new Map(Object.keys(inner.nodes).map((old, n) => [old, fresh[n] ?? ""]));
      const rename = (full: string) => {
        const [first, second, ...rest] = full.split(":");
        return first === id && second !== undefined ? [names.get(second), ...rest].join(":") : full;
      };
      expect(linksOf(open)).toEqual(linksOf(doc, rename));
    }
  });
});

test("#15 #11 a bypassed instance passes on unpacked what it passed on whole", () => {
  check(({ doc, scope }) => {
    for (const [id, node] of Object.entries(graphOf(doc, scope).nodes)) {
      if (subgraphIdOf(node.type) === null) continue;
      const off = after(doc, (d) => setMode(d, scope, [id], "bypass"));
      const open = after(off, (d) => void unpack(d, scope, REGISTRY, id));
      expect(faults(open)).toEqual([]);
      expect(linksOf(open)).toEqual(linksOf(off));
    }
  });
});

test("#8 a copy in another tab runs as the original, subgraphs and all", () => {
  check(({ doc }) => {
    const clip = readClip(clipText(copied(doc, null, Object.keys(doc.root.nodes))));
    let ids: NodeId[] = [];
    const other = after(begun(), (d) => {
      removeNodes(d, null, REGISTRY, Object.keys(d.root.nodes));
      if (clip) ids = paste(d, null, clip, [10, 20]);
    });
    expect(faults(other)).toEqual([]);
    const fresh = new Map(Object.keys(doc.root.nodes).map((id, n) => [id, ids[n] ?? ""]));
    const rename = (full: string) => full.replace(/^[^:]+/, (id) => fresh.get(id) ?? id);
    expect(linksOf(other)).toEqual(linksOf(doc, rename));
  });
});

test("#8 copies keep the links among them, with outside links also those from elsewhere", () => {
  check(({ doc, scope, ids }) => {
    const clip = copied(doc, scope, ids);
    for (const outside of [false, true]) {
      let fresh: NodeId[] = [];
      const pasted = after(doc, (d) => void (fresh = paste(d, scope, clip, null, { outside })));
      expect(faults(pasted)).toEqual([]);
      const copies = new Map(Object.keys(clip.nodes).map((id, n) => [id, fresh[n] ?? ""]));
      const wires = new Set([...wiresOf(pasted, scope)].map((w) => JSON.stringify(w)));
      for (const wire of wiresOf(doc, scope)) {
        const target = copies.get(wire.target);
        if (target === undefined) continue;
        const source = copies.get(wire.source) ?? wire.source;
        const kept = wires.has(JSON.stringify({ ...wire, source, target }));
        expect([wire, kept]).toEqual([wire, outside || copies.has(wire.source)]);
      }
    }
  });
});

test("#6 dissolving a node leaves the links that bypassing it leaves", () => {
  check(({ doc, ids }) => {
    // Through an output of any type a bypass may lead what does not fit; dissolving leaves no such link.
    const some = ids.filter((id) => {
      const node = doc.root.nodes[id];
      return node && typeOf(doc, REGISTRY, node).outputs.every((output) => output.type !== "*");
    });
    const dissolved = after(doc, (d) => removeNodes(d, null, REGISTRY, some, { heal: true }));
    const bypassed = after(doc, (d) => setMode(d, null, some, "bypass"));
    expect(linksOf(dissolved)).toEqual(linksOf(bypassed));
  });
});
