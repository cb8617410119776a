/** One drag of a pointer, from its press to its release. */

import type { Point } from "~/core/types";
import { canvasApi } from "./api";

export interface Follower {
  /** Canvas units from where it began. */
  move(dx: number, dy: number, event: PointerEvent): void;
  /** `kept`: false if Escape or the system called it off. */
  end(kept: boolean): void;
}

/** Follow the pointer that was pressed until it is released. */
export function follow(press: { clientX: number; clientY: number; pointerId: number }, follower: Follower): void {
  const from: Point = canvasApi.screenToCanvas([press.clientX, press.clientY]);
  const stop = new AbortController();
  const finish = (kept: boolean) => {
    stop.abort();
    follower.end(kept);
  };
  const own = (event: PointerEvent) => event.pointerId === press.pointerId;
  const listen = <K extends keyof WindowEventMap>(kind: K, heard: (event: WindowEventMap[K]) => void) =>
    window.addEventListener(kind, heard, { signal: stop.signal, capture: true });
  listen("pointermove", (event) => {
    if (!own(event)) return;
    const [x, y] = canvasApi.screenToCanvas([event.clientX, event.clientY]);
    follower.move(x - from[0], y - from[1], event);
  });
  listen("pointerup", (event) => own(event) && finish(true));
  listen("pointercancel", (event) => own(event) && finish(false));
  listen("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    finish(false);
  });
}
