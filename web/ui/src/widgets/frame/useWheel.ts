import { type RefObject, useEffect, useRef } from "react";

/** Turns of the wheel over an element while `on`: -1 is away from the user. The page does not scroll then. */
export function useWheel(
  element: RefObject<HTMLElement | null>,
  on: boolean,
  turn: (by: number, e: WheelEvent) => void,
) {
  const latest = useRef(turn);
  useEffect(() => {
    latest.current = turn;
  });
  useEffect(() => {
    const target = element.current;
    if (!target || !on) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      event.stopPropagation();
      if (event.deltaY) latest.current(Math.sign(event.deltaY), event);
    };
    // React listens passively, which cannot keep the page from scrolling.
    target.addEventListener("wheel", wheel, { passive: false });
    return () => target.removeEventListener("wheel", wheel);
  }, [element, on]);
}
