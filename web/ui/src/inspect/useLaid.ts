/** Lays the card anew whenever the canvas, the node or the card itself has moved: looked at once a frame. */

import { type RefObject, useLayoutEffect } from "react";
import { canvasArea, layer, tether } from "./anchor";
import { type Subject, useInspect } from "./store";

interface Parts {
  readonly card: RefObject<HTMLElement | null>;
  readonly line: RefObject<SVGPathElement | null>;
}

export function useLaid({ card, line }: Parts, subject: Subject): void {
  useLayoutEffect(() => {
    const lay = layer(subject, canvasArea);
    let before = "";
    let frame = 0;
    const look = () => {
      frame = requestAnimationFrame(look);
      const box = card.current;
      if (!box) return;
      const size = { width: box.offsetWidth, height: box.offsetHeight };
      const { shift } = useInspect.getState();
      const beside = lay(size);
      const laid = { ...beside, x: beside.x + shift.x, y: beside.y + shift.y };
      const told = JSON.stringify([laid, size]);
      if (told === before) return;
      before = told;
      box.style.translate = `${Math.round(laid.x)}px ${Math.round(laid.y)}px`;
      line.current?.setAttribute("d", tether(laid, size) ?? "");
    };
    look();
    return () => cancelAnimationFrame(frame);
  }, [card, line, subject]);
}
