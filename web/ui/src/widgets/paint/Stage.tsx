import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { cx } from "~/ui/cx";
import { useWheel } from "../frame/useWheel";
import { onDirty } from "./dirty";
import { around, type Layer, type Rect } from "./layer";
import type { Point } from "./shapes";
import { fitted, usePaint, zoomed } from "./store";
import { usePointer } from "./usePointer";
import css from "./Paint.module.css";

interface StageProps {
  readonly layer: Layer;
  /** Address of what lies below; null on paper. */
  readonly below: string | null;
  /** A colour of CSS; null is clear. */
  readonly paper: string | null;
  look(): Layer;
}

/** The picture, the sheet over it, and the ring of the brush. */
export function Stage({ layer, below, paper, look }: StageProps) {
  const { t } = useTranslation("widgets");
  const { view, tool, mode, shade, size } = usePaint();
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const ring = useRef<HTMLDivElement>(null);
  const [outline, setOutline] = useState<{ readonly points: readonly Point[]; readonly tool: string } | null>(null);
  const hands = usePointer({ stage, look, outline: setOutline });

  useDrawn(canvas, layer);
  const fit = useCallback(() => {
    const box = stage.current?.getBoundingClientRect();
    if (box) usePaint.setState({ view: fitted(layer.width, layer.height, box.width, box.height) });
  }, [layer]);
  useEffect(() => {
    fit();
    stage.current?.focus();
    usePaint.setState({ fit });
    return () => usePaint.setState({ fit: null });
  }, [fit]);
  useWheel(stage, true, (by, event) => {
    const box = stage.current?.getBoundingClientRect();
    const at = { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
    usePaint.setState(({ view: now }) => ({ view: zoomed(now, by < 0 ? 1.15 : 1 / 1.15, at) }));
  });

  const follow = (event: React.PointerEvent) => {
    const box = stage.current?.getBoundingClientRect();
    if (!ring.current || !box) return;
    ring.current.style.translate = `${event.clientX - box.left}px ${event.clientY - box.top}px`;
    ring.current.hidden = event.pointerType === "touch";
  };
  const brush = tool === "brush" || tool === "erase";
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- painting is done with a pointer; all that can be done without one has its button
    <div
      ref={stage}
      role="application"
      aria-label={t("paint.stage", { width: layer.width, height: layer.height })}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the painter's keys count while it has the focus
      tabIndex={0}
      className={cx(css["stage"], css[tool])}
      {...hands}
      onPointerMove={(event) => {
        follow(event);
        hands.onPointerMove(event);
      }}
      onPointerLeave={() => ring.current && (ring.current.hidden = true)}
      onContextMenu={(event) => event.preventDefault()}
    >
      <div
        className={css["sheet"]}
        style={{
          width: layer.width,
          height: layer.height,
          transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})`,
          ...(paper && !below && { background: paper }),
        }}
        data-near={view.scale >= 4}
      >
        {below && <img src={below} alt="" draggable={false} />}
        <canvas
          ref={canvas}
          width={layer.width}
          height={layer.height}
          style={{ opacity: mode === "mask" ? shade : 1 }}
        />
        {outline && <Shape {...outline} width={layer.width} height={layer.height} scale={view.scale} />}
      </div>
      <div
        ref={ring}
        hidden
        className={css["ring"]}
        style={brush ? { width: size * view.scale, height: size * view.scale } : { display: "none" }}
      />
    </div>
  );
}

/** The outline of a shape while it is drawn. */
function Shape(props: { points: readonly Point[]; tool: string; width: number; height: number; scale: number }) {
  const { points, tool, width, height, scale } = props;
  const [a, b] = [points[0], points.at(-1)];
  if (!a || !b) return null;
  const corners = tool === "rectangle" ? [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }] : points;
  return (
    <svg className={css["shape"]} width={width} height={height} aria-hidden="true">
      <polygon points={corners.map((p) => `${p.x},${p.y}`).join(" ")} strokeWidth={1.5 / scale} />
    </svg>
  );
}

/** Draw the layer, and what changes of it once in each frame. */
function useDrawn(canvas: RefObject<HTMLCanvasElement | null>, layer: Layer): void {
  useEffect(() => {
    const draw = canvas.current?.getContext("2d");
    if (!draw) return;
    const pixels = new ImageData(layer.data, layer.width, layer.height);
    draw.putImageData(pixels, 0, 0);
    let dirty: Rect | null = null;
    let frame = 0;
    const flush = () => {
      const r = dirty;
      dirty = null;
      frame = 0;
      if (r) draw.putImageData(pixels, 0, 0, r.left, r.top, r.right - r.left, r.bottom - r.top);
    };
    const deaf = onDirty((rect) => {
      dirty = around(dirty, rect);
      frame ||= requestAnimationFrame(flush);
    });
    return () => {
      cancelAnimationFrame(frame);
      deaf();
    };
  }, [canvas, layer]);
}
