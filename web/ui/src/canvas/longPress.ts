/** A long press of a finger asks for the context menu, where the system does not do so itself. */

const PATIENCE = 550;
const SLACK = 10;

export function listenForLongPress(frame: HTMLElement, signal: AbortSignal): void {
  let timer = 0;
  let from = { x: 0, y: 0 };
  const forget = () => window.clearTimeout(timer);
  const press = (event: PointerEvent) => {
    forget();
    if (event.pointerType === "mouse" || !event.isPrimary) return;
    from = { x: event.clientX, y: event.clientY };
    const { target } = event;
    const at = { bubbles: true, cancelable: true, clientX: from.x, clientY: from.y };
    timer = window.setTimeout(() => target?.dispatchEvent(new MouseEvent("contextmenu", at)), PATIENCE);
  };
  const move = (event: PointerEvent) => {
    if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > SLACK) forget();
  };
  const options = { signal, capture: true };
  frame.addEventListener("pointerdown", press, options);
  frame.addEventListener("pointermove", move, options);
  for (const kind of ["pointerup", "pointercancel", "contextmenu"] as const)
    frame.addEventListener(kind, forget, options);
}
