/** Where the card lies: beside the output it is about, wherever that is drawn now. */

import { canvasApi } from "~/canvas/api";
import { useUi } from "~/stores/ui";
import { type Box, placed } from "~/ui/place";
import { samePath, type Subject } from "./store";

export interface Laid {
  /** The card's corner, in pixels of the window. */
  readonly x: number;
  readonly y: number;
  /** The output's dot, if it is in sight. */
  readonly dot: { readonly x: number; readonly y: number } | null;
}

const found = ({ path, node, output }: Subject): { dot: Box; node: Box } | null => {
  if (!samePath(path, useUi.getState().path)) return null;
  const box = document.querySelector(`.react-flow__node[data-id="${CSS.escape(node)}"]`);
  const dot = box?.querySelector(`[data-handleid="out:${output}"]`);
  return box && dot ? { node: box.getBoundingClientRect(), dot: dot.getBoundingClientRect() } : null;
};

const middle = (box: Box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });

/** Remembers where the output was last drawn: a node out of sight is not mounted. */
export function layer(subject: Subject, area: () => Box): (card: { width: number; height: number }) => Laid {
  let last: { readonly at: readonly [number, number]; readonly width: number } | null = null;
  return (card) => {
    const view = area();
    const drawn = found(subject);
    if (drawn) {
      const { x, y } = middle(drawn.dot);
      last = { at: canvasApi.screenToCanvas([x, y]), width: x - drawn.node.x };
    }
    const [x, y] = last ? canvasApi.canvasToScreen(last.at) : [view.x + view.width, view.y];
    const width = last?.width ?? 0;
    const anchor = { x: x - width - view.x, y: y - RISE - view.y, width: width + DOT, height: 0 };
    const corner = placed(anchor, card, view, "right");
    const inside = x >= view.x && x <= view.x + view.width && y >= view.y && y <= view.y + view.height;
    return { x: corner.x + view.x, y: corner.y + view.y, dot: last && inside && shown(subject) ? { x, y } : null };
  };
}

const shown = (subject: Subject): boolean => samePath(subject.path, useUi.getState().path);

/** Pixels from the middle of the dot to where the card may begin, and from the card's upper edge down to its header. */
const DOT = 22;
const RISE = 20;

/** What the card may cover: the canvas. */
export const canvasArea = (): Box =>
  document.getElementById("canvas")?.getBoundingClientRect() ?? {
    x: 0,
    y: 0,
    width: window.innerWidth,
    height: window.innerHeight,
  };

/** The line from the dot to a card on its right; one to the left would go through the node. */
export function tether({ x, y, dot }: Laid, card: { height: number }): string | null {
  if (!dot || dot.x >= x) return null;
  const end = Math.max(y + RISE, Math.min(dot.y, y + card.height - RISE));
  const bend = (x - dot.x) / 2;
  return `M${dot.x} ${dot.y}C${dot.x + bend} ${dot.y} ${x - bend} ${end} ${x} ${end}`;
}
