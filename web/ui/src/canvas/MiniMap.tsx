import { type PointerEvent, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import styles from "./MiniMap.module.css";
import { type Rect, canvasApi } from "./api";
import { here } from "./edit";
import { ink } from "./lod/inks";
import { frameColor } from "./lod/paintRun";
import { type Box, boxesOf } from "./lod/scene";
import { around } from "./places";
import { useCanvas } from "./store";
import { onView } from "./view";

const WIDTH = 208;
const HEIGHT = 136;

/** The whole graph in a corner, and what of it is in sight; running and failed nodes are coloured. */
export function MiniMap() {
  return useSettings((s) => s.minimap) ? <Map2D /> : null;
}

/** Of the last drawing: how canvas units became pixels of the map. */
interface Scale {
  readonly k: number;
  readonly x: number;
  readonly y: number;
}

function Map2D() {
  const { t } = useTranslation("canvas");
  const sheet = useRef<HTMLCanvasElement>(null);
  const scale = useRef<Scale>({ k: 1, x: 0, y: 0 });
  useEffect(() => (sheet.current ? mapPainter(sheet.current, scale) : undefined), []);
  const go = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!(event.buttons & 1)) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = event.currentTarget.getBoundingClientRect();
    const { k, x, y } = scale.current;
    const { width, height } = canvasApi.visibleRect();
    const { zoom } = canvasApi.view();
    const [cx, cy] = [(event.clientX - box.left - x) / k, (event.clientY - box.top - y) / k];
    canvasApi.setView({ x: -(cx - width / 2) * zoom, y: -(cy - height / 2) * zoom, zoom });
  };
  return (
    <canvas
      ref={sheet}
      className={styles["map"]}
      style={{ width: WIDTH, height: HEIGHT }}
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- it is painted
      role="img"
      aria-label={t("minimap")}
      onPointerDown={go}
      onPointerMove={go}
    />
  );
}

/** Paint at most once a frame; the graph only when it changed, on a sheet behind. */
function mapPainter(sheet: HTMLCanvasElement, scale: { current: Scale }): () => void {
  const back = document.createElement("canvas");
  let boxes: readonly Box[] | null = null;
  let stale = true;
  let frame = 0;
  const draw = () => {
    frame = 0;
    boxes ??= boxesOf(here(), useCanvas.getState().moved);
    const seen = canvasApi.visibleRect();
    const next = scaleFor(around([...boxes, { pos: [seen.x, seen.y], size: [seen.width, seen.height] }]));
    stale ||= next.k !== scale.current.k || next.x !== scale.current.x || next.y !== scale.current.y;
    scale.current = next;
    if (stale) paintBoxes(back, boxes, next);
    stale = false;
    paintView(sheet, back, seen, next);
  };
  const ask = (change: boolean) => {
    stale ||= change;
    frame ||= requestAnimationFrame(draw);
  };
  const anew = () => {
    boxes = null;
    ask(true);
  };
  const stops = [
    onView(() => ask(false)),
    useDoc.subscribe((s, before) => s.doc !== before.doc && anew()),
    useUi.subscribe((s, before) => s.path !== before.path && anew()),
    useServer.subscribe((s, before) => s.registry !== before.registry && anew()),
    useCanvas.subscribe((s, before) => s.moved !== before.moved && anew()),
    useRun.subscribe((s, before) => marked(s) !== marked(before) && ask(true)),
    useSettings.subscribe(anew),
  ];
  ask(true);
  return () => {
    cancelAnimationFrame(frame);
    for (const stop of stops) stop();
  };
}

type RunState = ReturnType<typeof useRun.getState>;
const marks = new WeakMap<object, string>();

/** What of a run the map shows: which nodes are in which state. Steps within a node are not drawn. */
function marked({ nodes, problems }: RunState): string {
  const states = remembered(nodes, () =>
    Object.entries(nodes)
      .map(([id, run]) => `${id} ${run.state}`)
      .join(),
  );
  const wrong = remembered(problems, () => Object.keys(problems).join());
  return `${states};${wrong}`;
}

function remembered(key: object, make: () => string): string {
  const known = marks.get(key);
  if (known !== undefined) return known;
  const made = make();
  marks.set(key, made);
  return made;
}

const MARGIN = 8;

function scaleFor(rect: Rect | null): Scale {
  if (!rect) return { k: 1, x: 0, y: 0 };
  const k = Math.min((WIDTH - 2 * MARGIN) / rect.width, (HEIGHT - 2 * MARGIN) / rect.height);
  return { k, x: (WIDTH - rect.width * k) / 2 - rect.x * k, y: (HEIGHT - rect.height * k) / 2 - rect.y * k };
}

function cleared(sheet: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  sheet.width = WIDTH * ratio;
  sheet.height = HEIGHT * ratio;
  const context = sheet.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function paintBoxes(sheet: HTMLCanvasElement, boxes: readonly Box[], { k, x, y }: Scale): void {
  const context = cleared(sheet);
  if (!context) return;
  const { nodes, problems } = useRun.getState();
  const running = { nodes, problems, prefix: here().prefix };
  for (const box of boxes) {
    const group = box.kind === "group";
    const color = frameColor(running, box.id) ?? box.pigment ?? (group ? "var(--pigment-slate)" : "var(--node-border)");
    context.fillStyle = ink(color);
    context.globalAlpha = group ? 0.2 : 0.9;
    context.fillRect(
      box.pos[0] * k + x,
      box.pos[1] * k + y,
      Math.max(1.5, box.size[0] * k - 0.5),
      Math.max(1.5, box.size[1] * k - 0.5),
    );
  }
}

function paintView(sheet: HTMLCanvasElement, back: HTMLCanvasElement, seen: Rect, { k, x, y }: Scale): void {
  const context = cleared(sheet);
  if (!context) return;
  context.drawImage(back, 0, 0, WIDTH, HEIGHT);
  context.strokeStyle = ink("var(--accent)");
  context.lineWidth = 1.25;
  context.fillStyle = ink("var(--accent)");
  const rect = [seen.x * k + x, seen.y * k + y, seen.width * k, seen.height * k] as const;
  context.globalAlpha = 0.08;
  context.fillRect(...rect);
  context.globalAlpha = 0.9;
  context.strokeRect(...rect);
}
