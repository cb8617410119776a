/** What is drawn while nodes are too small to be read: boxes, titles, links by colour. */

import { labelOf } from "~/i18n/nodes";
import type { Point } from "~/core/types";
import { cssColor } from "../colors";
import { type Piece, pieces } from "../curve";
import type { Here } from "../edit";
import { groupId } from "../ids";
import { type Place, placesOf, socketAt } from "../places";
import { flowing, wiring } from "../wiring";
import { socketLook } from "../sockets";

export interface Box extends Place {
  readonly id: string;
  readonly kind: "node" | "note" | "group" | "boundary";
  readonly title: string;
  /** A CSS colour. */
  readonly pigment: string | null;
  readonly mode: "mute" | "bypass" | null;
  readonly unknown: boolean;
}

export interface Scene {
  /** Groups first, large before small; then what lies on them. */
  readonly boxes: readonly Box[];
  /** By CSS colour; still ones apart. */
  readonly links: ReadonlyMap<string, readonly (readonly Piece[])[]>;
  readonly still: ReadonlyMap<string, readonly (readonly Piece[])[]>;
}

type Moved = Readonly<Record<string, Point>>;

/** Where things are now: `moved` are being dragged. */
export function sceneOf(shown: Here, moved: Moved): Scene {
  const places = placesNow(shown, moved);
  return { boxes: boxesAt(shown, places), ...linksOf(shown, places) };
}

export const boxesOf = (shown: Here, moved: Moved): Box[] => boxesAt(shown, placesNow(shown, moved));

const placesNow = (shown: Here, moved: Moved): ReadonlyMap<string, Place> =>
  Object.keys(moved).length ? shifted(placesOf(shown), moved) : placesOf(shown);

function boxesAt(shown: Here, places: ReadonlyMap<string, Place>): Box[] {
  const found = [...places].map(([id, place]) => boxOf(shown, id, place));
  const groups = found.filter((b) => b.kind === "group").toSorted((a, b) => area(b) - area(a));
  return [...groups, ...found.filter((b) => b.kind !== "group")];
}

const area = ({ size: [w, h] }: Box) => w * h;

function shifted(places: ReadonlyMap<string, Place>, moved: Moved): Map<string, Place> {
  const next = new Map(places);
  for (const [id, pos] of Object.entries(moved)) {
    const place = next.get(id);
    if (place) next.set(id, { ...place, pos });
  }
  return next;
}

function boxOf(shown: Here, id: string, place: Place): Box {
  const { graph } = shown;
  const node = graph.nodes[id];
  const plain = { ...place, id, mode: null, unknown: false };
  if (node) {
    const type = wiring(shown).types.get(id);
    const title = node.title ?? (type ? labelOf(type) : node.type);
    const unknown = type?.unknown === true;
    return { ...plain, kind: "node", title, pigment: cssColor(node.color), mode: node.mode ?? null, unknown };
  }
  if (id.startsWith("group:")) {
    const group = graph.groups[id.slice(groupId("").length)];
    return { ...plain, kind: "group", title: group?.title ?? "", pigment: cssColor(group?.color) };
  }
  const kind = id.startsWith("note:") ? "note" : "boundary";
  return { ...plain, kind, title: "", pigment: kind === "note" ? "var(--pigment-ochre)" : "var(--accent)" };
}

function linksOf(shown: Here, places: ReadonlyMap<string, Place>): Pick<Scene, "links" | "still"> {
  const wires = wiring(shown);
  const links = new Map<string, (readonly Piece[])[]>();
  const still = new Map<string, (readonly Piece[])[]>();
  for (const { source, output, target, input } of wires.wires) {
    const from = socketAt(places, { node: source, output });
    const to = socketAt(places, { node: target, input });
    if (!from || !to) continue;
    const { color } = socketLook(flowing(wires, source, output, target, input));
    const points = shown.graph.nodes[target]?.links[input]?.points ?? [];
    const muted = shown.graph.nodes[source]?.mode === "mute" || shown.graph.nodes[target]?.mode === "mute";
    const table = muted ? still : links;
    const list = table.get(color);
    if (list) list.push(pieces(from, to, points));
    else table.set(color, [pieces(from, to, points)]);
  }
  return { links, still };
}
