/** Dragging nodes, groups and notes: where they would lie is the canvas's own until they are let go; then it is one
 * step of the history. */

import type { NodeChange } from "@xyflow/react";
import type { DocDraft } from "~/core/draft";
import { inside, moveNote, setGroup } from "~/core/edits/frames";
import { fitOnLink, insertOnLink, moveNodes } from "~/core/edits/nodes";
import { guides, snapped } from "~/core/layout";
import type { Point, Registry, Scope } from "~/core/types";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { canvasApi } from "./api";
import { sampled } from "./curve";
import { change, here } from "./edit";
import type { AnyFlow } from "./flow";
import { groupId, linkEnd, noteId, partOf } from "./ids";
import { hits, linksIn, overlaps, placesOf } from "./places";
import { wiring } from "./wiring";
import { useCanvas } from "./store";

interface Session {
  readonly lead: string;
  readonly starts: ReadonlyMap<string, Point>;
  /** What the lead may be level with. */
  readonly others: readonly { readonly pos: Point; readonly size: readonly [number, number] }[];
  /** Links that the one dragged node could be put into, as points along them. */
  readonly gaps: ReadonlyMap<string, readonly Point[]>;
  by: Point;
}

let session: Session | null = null;

/** A drag begins: `lead` is under the pointer, `ids` go with it. */
export function beginDrag(lead: string, ids: Iterable<string>): void {
  const shown = here();
  const places = placesOf(shown);
  const all = new Set([...ids].flatMap((id) => [id, ...contents(id)]).filter((id) => !isPinned(id)));
  const starts = new Map<string, Point>();
  for (const id of all) {
    const place = places.get(id);
    if (place) starts.set(id, place.pos);
  }
  const rect = canvasApi.visibleRect();
  const others = [...places].filter(([id, p]) => !all.has(id) && partOf(id).kind !== "group" && overlaps(rect, p));
  session = { lead, starts, others: others.map(([, p]) => p), gaps: gapsFor(lead, starts), by: [0, 0] };
}

/** What a group carries along. */
function contents(id: string): string[] {
  const part = partOf(id);
  if (part.kind !== "group") return [];
  const { doc, scope, registry } = here();
  const found = inside(doc, scope, registry, part.id);
  return [...found.nodes, ...found.groups.map(groupId), ...found.notes.map(noteId)];
}

function isPinned(id: string): boolean {
  const { graph } = here();
  const part = partOf(id);
  if (part.kind === "group") return graph.groups[part.id]?.pinned === true;
  return part.kind === "node" && graph.nodes[part.id]?.pinned === true;
}

/** Only a node without links is put into one that it is dropped on. */
function gapsFor(lead: string, starts: ReadonlyMap<string, Point>): ReadonlyMap<string, readonly Point[]> {
  const shown = here();
  const { used, fed } = wiring(shown);
  const node = shown.graph.nodes[lead];
  if (starts.size !== 1 || !node || Object.keys(node.links).length || used.has(lead) || fed.has(lead)) return new Map();
  const near = linksIn(shown, canvasApi.visibleRect());
  return new Map([...near].map((link) => [link.id, sampled(link.pieces)] as const));
}

/** The lead was dragged to a place; all others keep their distance to it. */
export function dragTo(at: Point): void {
  const start = session?.starts.get(session.lead);
  if (!session || !start) return;
  const { by, lines } = settled(session, start, [at[0] - start[0], at[1] - start[1]]);
  session.by = by;
  const moved = Object.fromEntries([...session.starts].map(([id, p]) => [id, plus(p, by)] as const));
  useCanvas.setState({ moved, guides: lines, target: gapUnder(session, moved) });
}

const plus = (a: Point, b: Point): Point => [Math.round(a[0] + b[0]), Math.round(a[1] + b[1])];

/** A shift after it has given way to the grid or to what the lead is nearly level with. */
function settled({ lead, others }: Session, start: Point, by: Point) {
  const { snap, gridSize, guides: wanted } = useSettings.getState();
  const size = placesOf().get(lead)?.size;
  if (snap) {
    const [x, y] = snapped(plus(start, by), gridSize);
    return { by: [x - start[0], y - start[1]] as Point, lines: [] };
  }
  if (!wanted || !size) return { by, lines: [] };
  const found = guides(others, { pos: [start[0] + by[0], start[1] + by[1]], size }, 5 / canvasApi.view().zoom);
  const lines = found.lines.map(({ axis, at, from, to }) =>
    axis === "x"
      ? { from: [at, from] as const, to: [at, to] as const }
      : { from: [from, at] as const, to: [to, at] as const },
  );
  return { by: [by[0] + found.by[0], by[1] + found.by[1]] as Point, lines };
}

/** The link under the dragged node that it fits in. */
function gapUnder({ lead, gaps }: Session, moved: Readonly<Record<string, Point>>): string | null {
  const pos = moved[lead];
  const size = placesOf().get(lead)?.size;
  if (!pos || !size) return null;
  const { doc, scope, registry } = here();
  for (const [id, points] of gaps) {
    const { target, input } = linkEnd(id);
    if (points.some((p) => hits(p, { pos, size })) && fitOnLink(doc, scope, registry, lead, target, input)) return id;
  }
  return null;
}

/** What was dragged is let go. `kept`: false puts everything back. */
export function endDrag(kept = true): void {
  const done = session;
  const { target, moved } = useCanvas.getState();
  session = null;
  if (kept && done && (done.by[0] !== 0 || done.by[1] !== 0)) {
    change("move", (d, scope, registry) => put(d, scope, registry, moved, target), { n: done.starts.size });
  }
  useCanvas.setState({ moved: {}, guides: [], target: null });
}

function put(
  d: DocDraft,
  scope: Scope,
  registry: Registry,
  moved: Readonly<Record<string, Point>>,
  target: string | null,
): void {
  const nodes: Record<string, Point> = {};
  for (const [id, pos] of Object.entries(moved)) {
    const part = partOf(id);
    if (part.kind === "node") nodes[part.id] = pos;
    else if (part.kind === "group") setGroup(d, scope, part.id, { pos });
    else moveNote(d, scope, part.id, pos);
  }
  moveNodes(d, scope, nodes);
  const [lead] = Object.keys(nodes);
  if (target === null || lead === undefined) return;
  const end = linkEnd(target);
  insertOnLink(d, scope, registry, lead, end.target, end.input);
}

/** What React Flow wants changed: places while a drag goes on, or by the arrow keys, and the selection. */
export function takeChanges(changes: readonly NodeChange<AnyFlow>[]): void {
  const places = new Map<string, Point>();
  const chosen = new Set(useUi.getState().selection);
  for (const one of changes) {
    if (one.type === "select" && one.selected) chosen.add(one.id);
    if (one.type === "select" && !one.selected) chosen.delete(one.id);
    if (one.type === "position" && one.position) places.set(one.id, [one.position.x, one.position.y]);
  }
  if (changes.some((one) => one.type === "select")) useUi.getState().select(chosen);
  if (!places.size) return;
  const lead = session && places.get(session.lead);
  if (lead) dragTo(lead);
  else if (!session) nudge(places);
}

/** The arrow keys: steps in a row are undone together. */
function nudge(places: ReadonlyMap<string, Point>): void {
  const moved = Object.fromEntries(places);
  change("move", (d, scope, registry) => put(d, scope, registry, moved, null), { n: places.size }, "nudge");
}
