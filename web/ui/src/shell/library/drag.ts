/** Dragging a node type from the library onto the canvas. */

import { useEffect } from "react";
import { canvasApi } from "~/canvas/api";
import { here } from "~/shell/here";
import { accept } from "~/shell/palette/accept";
import { type Offer, offersFor } from "~/shell/palette/offers";

/** The media type of what is dragged: its id in `offersFor`. */
export const DRAGGED = "application/x-inkwater-node";

export function dragged(data: DataTransfer, offer: Offer): void {
  data.setData(DRAGGED, offer.id);
  data.effectAllowed = "copy";
}

const overCanvas = (event: DragEvent): boolean =>
  event.dataTransfer?.types.includes(DRAGGED) === true &&
  event.target instanceof Element &&
  event.target.closest("#canvas") !== null;

function over(event: DragEvent): void {
  if (!overCanvas(event) || !event.dataTransfer) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
}

function dropped(event: DragEvent): void {
  if (!overCanvas(event)) return;
  event.preventDefault();
  event.stopPropagation();
  const id = event.dataTransfer?.getData(DRAGGED);
  const offer = offersFor(here(), undefined, "en").find((one) => one.id === id);
  if (offer) accept(offer, { at: canvasApi.screenToCanvas([event.clientX, event.clientY]) });
}

/** Takes what is dropped on the canvas. */
export function Drops() {
  useEffect(() => {
    document.addEventListener("dragover", over, true);
    document.addEventListener("drop", dropped, true);
    return () => {
      document.removeEventListener("dragover", over, true);
      document.removeEventListener("drop", dropped, true);
    };
  }, []);
  return null;
}
