/** How fast the wheel zooms: the setting times what the library does. */

import { useSettings } from "~/stores/settings";

/** The same turn of the wheel again, faster or slower. */
function turn(event: WheelEvent): void {
  const { zoomSpeed, wheel } = useSettings.getState();
  if (zoomSpeed === 1 || !event.isTrusted || (wheel === "pan" && !event.ctrlKey)) return;
  event.stopPropagation();
  event.preventDefault();
  const { deltaMode, clientX, clientY, ctrlKey, metaKey, shiftKey, altKey } = event;
  const keys = { ctrlKey, metaKey, shiftKey, altKey };
  const faster = { deltaX: event.deltaX * zoomSpeed, deltaY: event.deltaY * zoomSpeed };
  const init = { ...keys, ...faster, deltaMode, clientX, clientY, bubbles: true, cancelable: true };
  event.target?.dispatchEvent(new WheelEvent("wheel", init));
}

export const listenForWheel = (frame: HTMLElement, signal: AbortSignal): void =>
  frame.addEventListener("wheel", turn, { capture: true, passive: false, signal });
