/** The projection of a graph to React Flow: nothing is kept in it, and what did not change is the very same value, so
 * that only what did is drawn anew. Sizes and sockets are given (`measured`, `handles`): nothing has to be mounted to be
 * measured, links to nodes out of sight are drawn, and `fitView` never waits. */

import { Position } from "@xyflow/react";
import type { NodeShape } from "~/core/geometry";
import { shapeOf } from "~/core/geometry";
import { INPUTS, OUTPUTS, boundaryTypes, typeOf } from "~/core/document";
import type { Doc, Graph, GraphNode, Link, Point, Registry, Scope, Size } from "~/core/types";
import type { AnyFlow, BoundaryFlow, GroupFlow, LinkFlow, NodeFlow, NoteFlow } from "./flow";
import { groupId, inHandle, linkId, noteId, outHandle } from "./ids";
import { SOCKET, boundaryAt, boundaryShape } from "./shapes";
import { type Wiring, flowing, wiring } from "./wiring";

/** All that the projection depends on. */
export interface Shown {
  readonly doc: Doc;
  readonly scope: Scope;
  readonly registry: Registry;
  readonly selection: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
  readonly moved: Readonly<Record<string, Point>>;
  readonly sized: Readonly<Record<string, Size>>;
  /** Flow ids that stay mounted out of sight. */
  readonly held: string | null;
  readonly lifted: string | null;
  readonly readOnly: boolean;
}

export interface Projection {
  readonly nodes: AnyFlow[];
  readonly links: LinkFlow[];
}

interface Made<F> {
  readonly key: readonly unknown[];
  readonly flow: F;
}

const same = (a: readonly unknown[], b: readonly unknown[]) => a.every((one, n) => one === b[n]);

/** Values by id, made again only when one of the parts they are made of changes. */
function memory<F>() {
  let before = new Map<string, Made<F>>();
  let now = new Map<string, Made<F>>();
  return {
    take(id: string, key: readonly unknown[], make: () => F): F {
      const known = before.get(id);
      const made = known && same(known.key, key) ? known : { key, flow: make() };
      now.set(id, made);
      return made.flow;
    },
    turn(): void {
      before = now;
      now = new Map();
    },
  };
}

/** A projector remembers what it gave the last time. */
export function projector(): (shown: Shown) => Projection {
  const nodes = memory<AnyFlow>();
  const links = memory<LinkFlow>();
  return (shown) => {
    const wires = wiring(shown);
    const found = { nodes: projectNodes(shown, wires, nodes.take), links: projectLinks(shown, wires, links.take) };
    nodes.turn();
    links.turn();
    return found;
  };
}

type Take<F> = (id: string, key: readonly unknown[], make: () => F) => F;

function projectNodes(shown: Shown, wires: Wiring, take: Take<AnyFlow>): AnyFlow[] {
  const { graph } = wires;
  const groups = Object.entries(graph.groups).toSorted(([, a], [, b]) => area(b.size) - area(a.size));
  return [
    ...groups.map(([id], rank) => groupFlow(shown, graph, id, rank, take)),
    ...Object.keys(graph.notes).map((id) => noteFlow(shown, graph, id, take)),
    ...boundaryFlows(shown, wires, take),
    ...Object.entries(graph.nodes).map(([id, node]) => nodeFlow(shown, wires, id, node, take)),
  ];
}

const area = ([w, h]: Size) => w * h;
const at = ([x, y]: Point) => ({ x, y });
const texts = new WeakMap<ReadonlySet<string | number>, string>();

/** A set as one text, to compare: made once, because a drag asks for it at every step. */
function joined(set: ReadonlySet<string | number> | undefined): string {
  if (!set) return "";
  const known = texts.get(set);
  if (known !== undefined) return known;
  const text = [...set].join(" ");
  texts.set(set, text);
  return text;
}

/** What is the same for all kinds. `dragging` keeps it mounted while it is out of sight. */
function common(shown: Shown, id: string, pos: Point, size: Size, locked: boolean) {
  return {
    id,
    position: at(pos),
    width: size[0],
    height: size[1],
    measured: { width: size[0], height: size[1] },
    selected: shown.selection.has(id),
    draggable: !locked && !shown.readOnly,
    ...(shown.held === id && { dragging: true }),
  };
}

/** What of the state of the canvas a flow depends on, beside its value in the document. */
const state = (shown: Shown, id: string) => [
  shown.moved[id],
  shown.sized[id],
  shown.selection.has(id),
  shown.held === id,
  shown.readOnly,
];

function nodeFlow(shown: Shown, wires: Wiring, id: string, node: GraphNode, take: Take<AnyFlow>): AnyFlow {
  const type = wires.types.get(id) ?? typeOf(shown.doc, shown.registry, node);
  const used = joined(wires.used.get(id));
  const fed = joined(wires.fed.get(id));
  return take(id, [node, type, used, fed, ...state(shown, id)], (): NodeFlow => {
    const size = shown.sized[id];
    const shape = shapeOf(size ? { ...node, size } : node, type);
    return {
      ...common(shown, id, shown.moved[id] ?? node.pos, shape.size, node.pinned === true),
      type: "node",
      data: { node, type, shape, used, fed },
      handles: handles(shape),
      domAttributes: { "aria-labelledby": nameId(id) },
    };
  });
}

/** The element that says what a node is called and how it is: its accessible name. */
export const nameId = (id: string): string => `name-${id}`;

function boundaryFlows(shown: Shown, wires: Wiring, take: Take<AnyFlow>): AnyFlow[] {
  const subgraph = shown.scope === null ? undefined : shown.doc.subgraphs[shown.scope];
  if (!subgraph) return [];
  return (["in", "out"] as const).map((side) => {
    const id = side === "in" ? INPUTS : OUTPUTS;
    const type = wires.types.get(id) ?? boundaryTypes(shown.doc, shown.registry, shown.scope ?? "")[side];
    const pos = shown.moved[id] ?? boundaryAt(subgraph, side);
    const used = joined(wires.used.get(id));
    const fed = joined(wires.fed.get(id));
    return take(id, [type, pos[0], pos[1], used, fed, ...state(shown, id)], (): BoundaryFlow => {
      const shape = boundaryShape(type);
      return {
        ...common(shown, id, pos, shape.size, false),
        type: "boundary",
        data: { side, type, shape, used, fed },
        handles: handles(shape),
        domAttributes: { "aria-labelledby": nameId(id) },
      };
    });
  });
}

const HALF = SOCKET / 2;

const handles = (shape: NodeShape) => [
  ...shape.inputs.map(({ name, at: [x, y] }) => socket(inHandle(name), "target" as const, Position.Left, x, y)),
  ...shape.outputs.map(({ at: [x, y] }, n) => socket(outHandle(n), "source" as const, Position.Right, x, y)),
];

const socket = (id: string, type: "source" | "target", position: Position, x: number, y: number) => ({
  id,
  type,
  position,
  x: x - HALF,
  y: y - HALF,
  width: SOCKET,
  height: SOCKET,
});

/** Groups lie under everything, small ones over large ones, also while they are selected. */
const UNDER = -5000;

function groupFlow(shown: Shown, graph: Graph, key: string, rank: number, take: Take<AnyFlow>): AnyFlow {
  const id = groupId(key);
  const group = graph.groups[key] ?? { title: "", pos: [0, 0] as Point, size: [0, 0] as Size, meta: {} };
  return take(
    id,
    [group, rank, ...state(shown, id)],
    (): GroupFlow => ({
      ...common(shown, id, shown.moved[id] ?? group.pos, shown.sized[id] ?? group.size, group.pinned === true),
      type: "frame",
      zIndex: UNDER + rank,
      style: { pointerEvents: "none" },
      data: { group },
      domAttributes: { "aria-labelledby": nameId(id) },
    }),
  );
}

function noteFlow(shown: Shown, graph: Graph, key: string, take: Take<AnyFlow>): AnyFlow {
  const id = noteId(key);
  const note = graph.notes[key] ?? { text: "", pos: [0, 0] as Point, size: [0, 0] as Size, meta: {} };
  return take(
    id,
    [note, ...state(shown, id)],
    (): NoteFlow => ({
      ...common(shown, id, shown.moved[id] ?? note.pos, shown.sized[id] ?? note.size, false),
      type: "note",
      data: { note },
      domAttributes: { "aria-labelledby": nameId(id) },
    }),
  );
}

function projectLinks(shown: Shown, wires: Wiring, take: Take<LinkFlow>): LinkFlow[] {
  const found: LinkFlow[] = [];
  for (const { source, output, target, input } of wires.wires) {
    const id = linkId(target, input);
    const from = wires.types.get(source);
    if (!from?.outputs[output] || !wires.types.has(target) || shown.lifted === id) continue;
    const type = flowing(wires, source, output, target, input);
    const link = wires.graph.nodes[target]?.links[input];
    const still = mutes(wires.graph, source) || mutes(wires.graph, target);
    const key = [source, output, link, type, still, shown.links.has(id), shown.readOnly];
    found.push(
      take(
        id,
        key,
        (): LinkFlow => ({
          id,
          type: "link",
          source,
          target,
          sourceHandle: outHandle(output),
          targetHandle: inHandle(input),
          selected: shown.links.has(id),
          reconnectable: shown.readOnly ? false : "source",
          data: { link: link ?? ({ node: source, output } satisfies Link), type, still },
        }),
      ),
    );
  }
  return found;
}

const mutes = (graph: Graph, id: string) => graph.nodes[id]?.mode === "mute";
