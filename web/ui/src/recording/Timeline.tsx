import { type CSSProperties, type PointerEvent, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { shotUrl } from "./client";
import type { Run } from "./schema";
import { figure } from "./figures";
import { goToFrame, stepBy, type View } from "./store";
import css from "./Timeline.module.css";

/** Small pictures at the most; pixels of one. */
const THUMBS = 10;
const THUMB = 64;
/** Height of the curve in its own units; its width is one for each frame. */
const HIGH = 40;
/** Turns of the wheel, in pixels, that are one sampler step. */
const NOTCH = 40;

interface TimelineProps {
  readonly run: Run;
  readonly index: number;
  readonly view: View;
}

/** The sampler steps as a strip of pictures over the curve of the noise level, with a slider over both. */
export function Timeline({ run, index, view }: TimelineProps) {
  const { t } = useTranslation("recording");
  const { frames } = run;
  const frame = frames[index];
  const strip = useRef<HTMLDivElement>(null);
  const slider = useRef<HTMLInputElement>(null);
  useWheel(strip);
  const seek = (event: PointerEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    goToFrame(Math.floor(((event.clientX - left) / width) * frames.length));
  };
  if (!frame) return null;
  const at = { "--at": (index + 0.5) / frames.length } as CSSProperties;
  return (
    <div
      ref={strip}
      className={css["timeline"]}
      style={at}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        slider.current?.focus({ preventScroll: true });
        event.preventDefault();
        seek(event);
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && seek(event)}
    >
      <Thumbs run={run} view={view === "attention" ? "clean" : view} />
      <Curve run={run} index={index} />
      <span className={css["marker"]} aria-hidden />
      <input
        ref={slider}
        type="range"
        className={css["slider"]}
        min={0}
        max={frames.length - 1}
        step={1}
        value={index}
        aria-label={t("timeline.label")}
        aria-valuetext={t("timeline.value", { step: frame.step + 1, total: run.total, sigma: figure(frame.sigma) })}
        onChange={(event) => goToFrame(Number(event.target.value))}
      />
    </div>
  );
}

/** The wheel moves over sampler steps; at the ends the panel scrolls on. */
function useWheel(element: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const here = element.current;
    let turned = 0;
    const wheel = (event: WheelEvent) => {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const by = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY;
      turned += event.deltaMode === WheelEvent.DOM_DELTA_LINE ? by * NOTCH : by;
      const steps = Math.trunc(turned / NOTCH);
      turned -= steps * NOTCH;
      if (steps) stepBy(steps);
    };
    here?.addEventListener("wheel", wheel, { passive: false });
    return () => here?.removeEventListener("wheel", wheel);
  }, [element]);
}

function Thumbs({ run, view }: { readonly run: Run; readonly view: View }) {
  const count = Math.min(THUMBS, run.frames.length);
  const shown = Array.from(
    { length: count },
    (_, n) => run.frames[Math.floor(((n + 0.5) * run.frames.length) / count)],
  );
  return (
    <div className={css["thumbs"]} aria-hidden>
      {shown.map((frame) =>
        frame ? (
          <img
            key={frame.step}
            src={shotUrl({ key: run.key, step: frame.step, view, size: THUMB })}
            alt=""
            draggable={false}
            decoding="async"
          />
        ) : null,
      )}
    </div>
  );
}

/** The noise level of each sampler step, from the highest at the top to 0, with dots where attention was kept. */
function Curve({ run, index }: { readonly run: Run; readonly index: number }) {
  const most = Math.max(...run.frames.map((frame) => frame.sigma), 1e-9);
  const y = (sigma: number) => 3 + (1 - sigma / most) * (HIGH - 6);
  const points = run.frames.map((frame, n) => `${n + 0.5},${y(frame.sigma).toFixed(2)}`);
  const kept = new Set(run.attention?.steps);
  const width = run.frames.length;
  const here = run.frames[index];
  return (
    <div className={css["curve"]} aria-hidden>
      <svg viewBox={`0 0 ${width} ${HIGH}`} preserveAspectRatio="none">
        <polygon className={css["area"]} points={`0.5,${HIGH} ${points.join(" ")} ${width - 0.5},${HIGH}`} />
        <polyline className={css["line"]} points={points.join(" ")} vectorEffect="non-scaling-stroke" />
      </svg>
      {run.frames.map((frame, n) =>
        kept.has(frame.step) ? (
          <span key={frame.step} className={css["kept"]} style={{ left: `${((n + 0.5) / width) * 100}%` }} />
        ) : null,
      )}
      {here && (
        <span
          className={css["dot"]}
          style={{ left: `${((index + 0.5) / width) * 100}%`, top: `${(y(here.sigma) / HIGH) * 100}%` }}
        />
      )}
    </div>
  );
}
