/** Edits of groups (titled frames that carry what lies in them) and of notes. */

import type { Draft } from "immer";
import { graphOf, newKeys } from "../document";
import { type DocDraft, graphIn, now } from "../draft";
import { shapeOf } from "../geometry";
import { typeOf } from "../nodeTypes";
import type { Doc, Group, Mode, NodeId, Note, Point, Registry, Scope, Size } from "../types";
import { moveNodes, setMode } from "./nodes";

/** A place and a size: all that frames and nodes have in common. */
export interface Box {
  readonly pos: Point;
  readonly size: Size;
}

/** Around nodes, in canvas units; the title stands above. */
export const GROUP_PADDING = 24;
export const GROUP_TITLE = 36;
/** The line below a node that tells shapes and times. */
const TOLD_BELOW = 12;

/** What lies in a frame: nodes and notes whose middle, groups of which all is inside. */
export interface Inside {
  readonly nodes: readonly NodeId[];
  readonly groups: readonly string[];
  readonly notes: readonly string[];
}

const middleIn = (box: Box, { pos, size }: Box): boolean => {
  const [x, y] = [pos[0] + size[0] / 2, pos[1] + size[1] / 2];
  return x >= box.pos[0] && y >= box.pos[1] && x <= box.pos[0] + box.size[0] && y <= box.pos[1] + box.size[1];
};

const wholeIn = (box: Box, { pos, size }: Box): boolean =>
  pos[0] >= box.pos[0] &&
  pos[1] >= box.pos[1] &&
  pos[0] + size[0] <= box.pos[0] + box.size[0] &&
  pos[1] + size[1] <= box.pos[1] + box.size[1];

/** What lies in a frame, or would lie in a box. */
export function inside(doc: Doc, scope: Scope, registry: Registry, group: string | Box): Inside {
  const graph = now(graphOf(doc, scope));
  const box = typeof group === "string" ? graph.groups[group] : group;
  if (!box) return { nodes: [], groups: [], notes: [] };
  const nodes = Object.entries(graph.nodes).filter(([, node]) => {
    const near = node.pos[0] <= box.pos[0] + box.size[0] && node.pos[1] <= box.pos[1] + box.size[1];
    return near && middleIn(box, { pos: node.pos, size: shapeOf(node, typeOf(doc, registry, node)).size });
  });
  const groups = Object.entries(graph.groups).filter(([id, one]) => id !== group && wholeIn(box, one));
  const notes = Object.entries(graph.notes).filter(([, note]) => middleIn(box, note));
  return { nodes: ids(nodes), groups: ids(groups), notes: ids(notes) };
}

const ids = (found: [string, unknown][]) => found.map(([id]) => id);

/** The box around nodes, groups and notes; null around nothing. */
export function boxAround(doc: Doc, scope: Scope, registry: Registry, some: Iterable<NodeId>): Box | null {
  const { nodes } = now(graphOf(doc, scope));
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const id of some) {
    const node = nodes[id];
    if (!node) continue;
    const [width, height] = shapeOf(node, typeOf(doc, registry, node)).size;
    left = Math.min(left, node.pos[0]);
    top = Math.min(top, node.pos[1]);
    right = Math.max(right, node.pos[0] + width);
    bottom = Math.max(bottom, node.pos[1] + height);
  }
  return left <= right ? { pos: [left, top], size: [right - left, bottom - top] } : null;
}

export function addGroup(d: DocDraft, scope: Scope, group: Box & { readonly title: string }): string {
  const groups = graphIn(d, scope)?.groups;
  const id = newKeys(now(groups) ?? {}, 1)[0] ?? "1";
  if (groups) groups[id] = { title: group.title, pos: [...group.pos], size: [...group.size], meta: {} };
  return id;
}

/** Put a frame around nodes; null around none. */
export function groupAround(
  d: DocDraft,
  scope: Scope,
  registry: Registry,
  some: Iterable<NodeId>,
  title: string,
): string | null {
  const box = boxAround(now(d), scope, registry, some);
  return box && addGroup(d, scope, { title, ...framed(box) });
}

/** A box with the room that a frame leaves around what lies in it, and around what is told below nodes. */
const framed = ({ pos, size }: Box): Box => ({
  pos: [pos[0] - GROUP_PADDING, pos[1] - GROUP_PADDING - GROUP_TITLE],
  size: [size[0] + 2 * GROUP_PADDING, size[1] + 2 * GROUP_PADDING + GROUP_TITLE + TOLD_BELOW],
});

/** Make a frame just as large as what lies in it needs. */
export function fitGroup(d: DocDraft, scope: Scope, registry: Registry, id: string): void {
  const { nodes } = inside(now(d), scope, registry, id);
  const box = boxAround(now(d), scope, registry, nodes);
  if (box) setGroup(d, scope, id, framed(box));
}

/** Put a frame at a place with all that lies in it. `carried` says what that is, as it was when a drag began. */
export function moveGroup(
  d: DocDraft,
  scope: Scope,
  registry: Registry,
  id: string,
  pos: Point,
  carried: Inside = inside(now(d), scope, registry, id),
): void {
  const graph = graphIn(d, scope);
  const group = graph?.groups[id];
  if (!graph || !group || group.pinned) return;
  const by = [pos[0] - group.pos[0], pos[1] - group.pos[1]] as const;
  const to = ({ pos: [x, y] }: Pick<Box, "pos">): [number, number] => [x + by[0], y + by[1]];
  group.pos = [...pos];
  for (const part of ["groups", "notes"] as const)
    for (const one of carried[part]) {
      const frame = graph[part][one];
      if (frame) frame.pos = to(frame);
    }
  const places = carried.nodes.flatMap((one) => {
    const node = graph.nodes[one];
    return node ? [[one, to(node)] as const] : [];
  });
  moveNodes(d, scope, Object.fromEntries(places));
}

type Changes<T> = { readonly [K in keyof T]?: T[K] | null };

/** Change what is given of a frame or note; null takes it away. */
function change<T extends object>(one: T | undefined, changes: Changes<T>): void {
  if (!one) return;
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) Reflect.deleteProperty(one, key);
    else if (value !== undefined) Reflect.set(one, key, structuredClone(value));
  }
}

export const setGroup = (d: DocDraft, scope: Scope, id: string, changes: Changes<Omit<Group, "meta">>): void =>
  change<Draft<Group>>(graphIn(d, scope)?.groups[id], changes as Changes<Draft<Group>>);

/** Mute or bypass all nodes in a frame; null switches them on. */
export const setGroupMode = (d: DocDraft, scope: Scope, registry: Registry, id: string, mode: Mode | null): void =>
  setMode(d, scope, inside(now(d), scope, registry, id).nodes, mode);

/** Take a frame away; what lies in it stays. */
export function removeGroup(d: DocDraft, scope: Scope, id: string): void {
  delete graphIn(d, scope)?.groups[id];
}

export function addNote(d: DocDraft, scope: Scope, note: Box & { readonly text: string; readonly markdown?: boolean }) {
  const notes = graphIn(d, scope)?.notes;
  const id = newKeys(now(notes) ?? {}, 1)[0] ?? "1";
  const { text, pos, size, markdown } = note;
  if (notes) notes[id] = { text, pos: [...pos], size: [...size], meta: {}, ...(markdown && { markdown }) };
  return id;
}

export const setNote = (d: DocDraft, scope: Scope, id: string, changes: Changes<Omit<Note, "meta">>): void =>
  change<Draft<Note>>(graphIn(d, scope)?.notes[id], changes as Changes<Draft<Note>>);

export const moveNote = (d: DocDraft, scope: Scope, id: string, pos: Point): void => setNote(d, scope, id, { pos });

export function removeNote(d: DocDraft, scope: Scope, id: string): void {
  delete graphIn(d, scope)?.notes[id];
}
