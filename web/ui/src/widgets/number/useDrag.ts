import { type PointerEvent as Press, useCallback, useEffect, useRef } from "react";

/** Pixels that a press may tremble before it is a drag. */
const SLACK = 3;

export interface Drag {
  /** Whether the pointer may go on past the edge of the screen (a mouse, and nothing follows the pointer). */
  readonly endless: boolean;
  begin(): void;
  /** Pixels to the right since the last call. */
  move(pixels: number, event: PointerEvent): void;
  /** `kept`: not given up with Escape. */
  end(kept: boolean): void;
  /** It was a press, not a drag. */
  press(): void;
}

/** A sideways drag that begins on an element. While it goes on nobody else hears of the pointer. */
export function useDrag(drag: Drag): (event: Press<HTMLElement>) => void {
  const latest = useRef(drag);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => {
    latest.current = drag;
  });
  useEffect(() => () => stop.current?.abort(), []);
  return useCallback((down: Press<HTMLElement>) => {
    if (down.button !== 0) return;
    down.preventDefault();
    stop.current?.abort();
    stop.current = follow(down.currentTarget, down.nativeEvent, latest);
  }, []);
}

function follow(element: HTMLElement, down: PointerEvent, drag: { readonly current: Drag }): AbortController {
  const over = new AbortController();
  const { signal } = over;
  let at = down.clientX;
  let dragging = false;
  const finish = (kept: boolean) => {
    over.abort();
    if (document.pointerLockElement === element) document.exitPointerLock();
    if (dragging) drag.current.end(kept);
    else if (kept) drag.current.press();
  };
  const move = (event: PointerEvent) => {
    if (event.pointerId !== down.pointerId) return;
    if (!dragging && Math.abs(event.clientX - at) < SLACK) return;
    if (!dragging) {
      dragging = true;
      drag.current.begin();
      if (down.pointerType === "mouse" && drag.current.endless) lock(element);
    }
    const locked = document.pointerLockElement === element;
    drag.current.move(locked ? event.movementX : event.clientX - at, event);
    at = event.clientX;
  };
  window.addEventListener("pointermove", move, { signal });
  window.addEventListener("pointerup", (e) => e.pointerId === down.pointerId && finish(true), { signal });
  window.addEventListener("pointercancel", () => finish(false), { signal });
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      finish(false);
    },
    { signal, capture: true },
  );
  return over;
}

/** A browser may refuse; then the drag ends at the edge of the screen. */
function lock(element: HTMLElement): void {
  const asked: unknown = element.requestPointerLock?.();
  if (asked instanceof Promise) asked.catch(() => undefined);
}
