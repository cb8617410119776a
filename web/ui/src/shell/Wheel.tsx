import { useEffect } from "react";
import { useSettings } from "~/stores/settings";

/** Whether a turn of the wheel zooms the canvas: not over what scrolls itself, nor where the wheel pans. */
function zooms(event: WheelEvent): boolean {
  const over = event.target instanceof Element ? event.target : null;
  if (!over?.closest("#canvas .react-flow") || over.closest(".nowheel")) return false;
  return event.ctrlKey || useSettings.getState().wheel === "zoom";
}

/** The same turn, so much faster. */
function faster(event: WheelEvent, speed: number): WheelEvent {
  const { deltaMode, clientX, clientY, screenX, screenY, ctrlKey, shiftKey, altKey, metaKey } = event;
  const kept = { deltaMode, clientX, clientY, screenX, screenY, ctrlKey, shiftKey, altKey, metaKey };
  const [deltaX, deltaY] = [event.deltaX * speed, event.deltaY * speed];
  return new WheelEvent("wheel", { ...kept, deltaX, deltaY, bubbles: true, cancelable: true });
}

const made = new WeakSet<Event>();

function turned(event: WheelEvent): void {
  const speed = useSettings.getState().zoomSpeed;
  if (speed === 1 || made.has(event) || !zooms(event)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const other = faster(event, speed);
  made.add(other);
  event.target?.dispatchEvent(other);
}

/** Zooms as fast as the reader chose: the canvas knows one speed. */
export function Wheel() {
  useEffect(() => {
    document.addEventListener("wheel", turned, { capture: true, passive: false });
    return () => document.removeEventListener("wheel", turned, { capture: true });
  }, []);
  return null;
}
