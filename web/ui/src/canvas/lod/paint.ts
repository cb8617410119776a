/** Painting a scene on a canvas, in canvas units: the context is already scaled and shifted. */

import { HEADER } from "~/core/geometry";
import type { Rect, View } from "../api";
import type { Piece } from "../curve";
import { overlaps } from "../places";
import { ink } from "./inks";
import type { Box, Scene } from "./scene";

type Context = CanvasRenderingContext2D;

/** Below this zoom links are straight and titles are left out: nobody could tell. */
const FARTHEST = 0.16;

const paths = new WeakMap<readonly (readonly Piece[])[], { curved: Path2D; straight: Path2D }>();

/** The path of some links; made once for each value of the scene. */
function pathsOf(links: readonly (readonly Piece[])[]): { curved: Path2D; straight: Path2D } {
  const known = paths.get(links);
  if (known) return known;
  const curved = new Path2D();
  const straight = new Path2D();
  for (const one of links)
    for (const [from, a, b, to] of one) {
      curved.moveTo(...from);
      curved.bezierCurveTo(...a, ...b, ...to);
      straight.moveTo(...from);
      straight.lineTo(...to);
    }
  const made = { curved, straight };
  paths.set(links, made);
  return made;
}

/** What is painted beside the scene. */
export interface Look {
  readonly selection: ReadonlySet<string>;
  readonly links: boolean;
}

export function paint(context: Context, scene: Scene, view: View, seen: Rect, { selection, links }: Look): void {
  const far = view.zoom < FARTHEST;
  const boxes = scene.boxes.filter((box) => overlaps(seen, box));
  for (const box of boxes) if (box.kind === "group") paintGroup(context, box, selection.has(box.id));
  if (links) paintLinks(context, scene, view, far);
  const nodes = boxes.filter((box) => box.kind !== "group");
  paintBodies(context, nodes, far);
  paintFrames(context, nodes, view, selection);
  if (!far) paintTitles(context, boxes, view);
}

function paintLinks(context: Context, scene: Scene, { zoom }: View, far: boolean): void {
  context.lineWidth = Math.max(1.6, 0.9 / zoom);
  const stroke = (links: Scene["links"]) => {
    for (const [color, some] of links) {
      context.strokeStyle = ink(color);
      context.stroke(pathsOf(some)[far ? "straight" : "curved"]);
    }
  };
  context.globalAlpha = far ? 0.55 : 0.85;
  stroke(scene.links);
  context.setLineDash([10, 10]);
  stroke(scene.still);
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function paintGroup(context: Context, { pos: [x, y], size: [w, h], pigment }: Box, selected: boolean): void {
  const color = ink(pigment ?? "var(--pigment-slate)");
  context.fillStyle = color;
  context.globalAlpha = 0.12;
  context.fillRect(x, y, w, h);
  context.globalAlpha = 0.7;
  context.strokeStyle = selected ? ink("var(--selection)") : color;
  context.lineWidth = selected ? 6 : 2;
  context.strokeRect(x, y, w, h);
  context.globalAlpha = 1;
}

function add(map: Map<string, Path2D>, color: string, { pos: [x, y], size: [w] }: Box, height: number): void {
  let path = map.get(color);
  if (!path) map.set(color, (path = new Path2D()));
  path.rect(x, y, w, height);
}

/** All boxes of a colour in one go. */
function paintBodies(context: Context, boxes: readonly Box[], far: boolean): void {
  const bodies = new Map<string, Path2D>();
  const heads = new Map<string, Path2D>();
  for (const box of boxes) {
    add(bodies, bodyColor(box), box, box.size[1]);
    if (!far) add(heads, headColor(box), box, Math.min(HEADER, box.size[1]));
  }
  for (const map of [bodies, heads])
    for (const [color, path] of map) {
      context.fillStyle = ink(color);
      context.fill(path);
    }
}

const mixed = (color: string, percent: number, ground: string) =>
  `color-mix(in oklab, ${color} ${percent}%, var(${ground}))`;

function bodyColor({ unknown, mode, pigment, kind }: Box): string {
  if (unknown) return mixed("var(--danger)", 30, "--node");
  if (mode === "mute") return mixed("var(--node-muted)", 30, "--canvas");
  if (mode === "bypass") return mixed("var(--node-bypass)", 24, "--node");
  return pigment === null ? "var(--node)" : mixed(pigment, kind === "node" ? 18 : 35, "--node");
}

const headColor = ({ pigment }: Box): string =>
  pigment === null ? "var(--node-header)" : mixed(pigment, 45, "--node-header");

function paintFrames(context: Context, boxes: readonly Box[], { zoom }: View, selection: ReadonlySet<string>): void {
  const plain = new Path2D();
  const chosen = new Path2D();
  for (const { id, pos, size } of boxes) (selection.has(id) ? chosen : plain).rect(...pos, ...size);
  context.strokeStyle = ink("var(--node-border)");
  context.lineWidth = Math.min(1 / zoom, 6);
  context.stroke(plain);
  context.strokeStyle = ink("var(--selection)");
  context.lineWidth = 2.5 / zoom;
  context.stroke(chosen);
}

/** Pixels of a title on the screen, whatever the zoom. */
const TITLE = 11;
const LEAST = 34;

function paintTitles(context: Context, boxes: readonly Box[], { zoom }: View): void {
  const family = getComputedStyle(document.documentElement).getPropertyValue("--font-sans");
  context.font = `540 ${TITLE / zoom}px ${family}`;
  context.textBaseline = "middle";
  for (const { pos, size, title, kind } of boxes) {
    const [w, h] = size;
    if (!title || w * zoom < LEAST) continue;
    context.fillStyle = ink(kind === "group" ? "var(--text-soft)" : "var(--text)");
    const group = kind === "group";
    const height = Math.max(HEADER, (TITLE * 1.5) / zoom);
    const y = group ? pos[1] + height / 2 : pos[1] + Math.min(h, height) / 2;
    context.fillText(shortened(title, (w * zoom) / (TITLE * 0.58)), pos[0] + 6 / zoom, y, w - 8 / zoom);
  }
}

/** So many letters as fit, about. */
const shortened = (title: string, letters: number): string =>
  title.length <= letters ? title : `${title.slice(0, Math.max(1, Math.floor(letters) - 1))}…`;
