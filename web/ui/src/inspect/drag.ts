/** Dragging the card by its header. */

import type { PointerEvent } from "react";
import { useInspect } from "./store";

export function beginDrag(event: PointerEvent<HTMLElement>): void {
  if (event.button !== 0 || (event.target instanceof Element && event.target.closest("button"))) return;
  const { shift } = useInspect.getState();
  const from = { x: event.clientX, y: event.clientY };
  const target = event.currentTarget;
  target.setPointerCapture(event.pointerId);
  const move = (now: globalThis.PointerEvent) =>
    useInspect.setState({ shift: { x: shift.x + now.clientX - from.x, y: shift.y + now.clientY - from.y } });
  const end = () => {
    target.removeEventListener("pointermove", move);
    target.removeEventListener("pointerup", end);
    target.removeEventListener("pointercancel", end);
  };
  target.addEventListener("pointermove", move);
  target.addEventListener("pointerup", end);
  target.addEventListener("pointercancel", end);
}
