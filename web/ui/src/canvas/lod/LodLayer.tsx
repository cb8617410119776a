import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { here } from "../edit";
import { useCanvas } from "../store";
import styles from "./LodLayer.module.css";
import { paint } from "./paint";
import { paintRun } from "./paintRun";
import { type Scene, sceneOf } from "./scene";

/** The whole graph on two sheets while nodes are too small to be read; one for the graph, one for what runs. */
export function LodLayer() {
  const { i18n } = useTranslation("nodes"); // titles are painted in the reader's language
  return useCanvas((s) => s.far) ? <Sheets key={i18n.language} /> : null;
}

function Sheets() {
  const graph = useRef<HTMLCanvasElement>(null);
  const run = useRef<HTMLCanvasElement>(null);
  const flow = useStoreApi();
  useEffect(() => {
    if (!graph.current || !run.current) return undefined;
    return painter(
      graph.current,
      run.current,
      () => {
        const { transform, width, height } = flow.getState();
        return { view: { x: transform[0], y: transform[1], zoom: transform[2] }, width, height };
      },
      flow.subscribe,
    );
  }, [flow]);
  return (
    <>
      <canvas ref={graph} className={styles["sheet"]} aria-hidden="true" />
      <canvas ref={run} className={styles["sheet"]} aria-hidden="true" />
    </>
  );
}

interface Window2D {
  readonly view: { readonly x: number; readonly y: number; readonly zoom: number };
  readonly width: number;
  readonly height: number;
}

/** Paint at most once a frame, what changed; gives a function that stops it. */
function painter(
  graph: HTMLCanvasElement,
  run: HTMLCanvasElement,
  look: () => Window2D,
  subscribe: (heard: () => void) => () => void,
): () => void {
  let scene: Scene | null = null;
  let frame = 0;
  let all = true;
  let seen = "";
  const draw = () => {
    frame = 0;
    const window2d = look();
    scene ??= sceneOf(here(), useCanvas.getState().moved);
    if (all) onSheet(graph, window2d, (context, rect) => paint(context, scene ?? EMPTY, window2d.view, rect, look2d()));
    all = false;
    const { nodes, problems } = useRun.getState();
    onSheet(run, window2d, (context, rect) =>
      paintRun(context, scene?.boxes ?? [], { nodes, problems, prefix: here().prefix }, window2d.view, rect),
    );
  };
  const ask = (graphToo: boolean) => {
    all ||= graphToo;
    frame ||= requestAnimationFrame(draw);
  };
  const anew = () => {
    scene = null;
    ask(true);
  };
  const looked = () => {
    const { view, width, height } = look();
    const key = `${view.x} ${view.y} ${view.zoom} ${width} ${height}`;
    if (key === seen) return;
    seen = key;
    ask(true);
  };
  const stops = [
    subscribe(looked),
    useDoc.subscribe((s, before) => s.doc !== before.doc && anew()),
    useServer.subscribe((s, before) => s.registry !== before.registry && anew()),
    useUi.subscribe((s, before) => (s.path !== before.path ? anew() : s.selection !== before.selection && ask(true))),
    useCanvas.subscribe((s, before) => s.moved !== before.moved && anew()),
    useRun.subscribe((s, before) => (s.nodes !== before.nodes || s.problems !== before.problems) && ask(false)),
    useSettings.subscribe(() => ask(true)),
  ];
  looked();
  return () => {
    cancelAnimationFrame(frame);
    for (const stop of stops) stop();
  };
}

const look2d = () => ({ selection: useUi.getState().selection, links: useSettings.getState().links !== "hidden" });

const EMPTY: Scene = { boxes: [], links: new Map(), still: new Map() };

type Draw = (context: CanvasRenderingContext2D, seen: { x: number; y: number; width: number; height: number }) => void;

/** Clear a sheet, fit it to the window, and draw on it in canvas units. */
function onSheet(sheet: HTMLCanvasElement, { view, width, height }: Window2D, draw: Draw): void {
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (sheet.width !== w || sheet.height !== h) [sheet.width, sheet.height] = [w, h];
  const context = sheet.getContext("2d");
  if (!context) return;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, w, h);
  const { x, y, zoom } = view;
  context.setTransform(zoom * ratio, 0, 0, zoom * ratio, x * ratio, y * ratio);
  draw(context, { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom });
}
