/** Gestures on the canvas that are not React Flow's: the selection box, the knife, and dragging boxes that are only
 * drawn. They come first: what they take, React Flow does not hear of. */

import { unlink } from "./linking";
import type { Point } from "~/core/types";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { type Rect, canvasApi } from "./api";
import { crosses, sampled } from "./curve";
import { beginDrag, dragTo, endDrag } from "./drag";
import { here } from "./edit";
import { type Follower, follow } from "./follow";
import { partOf } from "./ids";
import { type Place, hits, holds, linksIn, overlaps, placesOf } from "./places";
import { useCanvas } from "./store";

interface Gesture {
  /** Whether a press begins it. */
  fits(event: PointerEvent, at: Point): boolean;
  begin(event: PointerEvent, at: Point): Follower;
}

const main = (event: PointerEvent) => event.button === 0 && event.isPrimary;
const onPane = (event: PointerEvent) =>
  event.target instanceof Element && event.target.classList.contains("react-flow__pane");
const ctrl = (event: PointerEvent) => event.ctrlKey || event.metaKey;
const far = () => useCanvas.getState().far;

/** What lies under a point, the uppermost first: nodes, notes, then the titles of groups. */
export function under(at: Point): string | null {
  const found = [...placesOf()].filter(([, place]) => hits(at, place)).map(([id]) => id);
  return found.findLast((id) => partOf(id).kind !== "group") ?? found.findLast((id) => inTitle(id, at)) ?? null;
}

/** Drawn small, a group is taken by a band as high as a finger. */
function inTitle(id: string, at: Point): boolean {
  const place = placesOf().get(id);
  return place !== undefined && at[1] < place.pos[1] + Math.max(36, 18 / canvasApi.view().zoom);
}

let spaceHeld = false;

const GESTURES: readonly Gesture[] = [
  { fits: (event) => main(event) && spaceHeld, begin: pan },
  {
    fits: (event) => main(event) && ctrl(event) && event.shiftKey && !useUi.getState().readOnly,
    begin: knife,
  },
  {
    fits: (event, at) => main(event) && onPane(event) && far() && !spaceHeld && under(at) !== null,
    begin: dragBox,
  },
  {
    fits: (event) =>
      main(event) &&
      onPane(event) &&
      !spaceHeld &&
      (ctrl(event) || event.shiftKey || (useSettings.getState().drag === "select" && event.pointerType !== "touch")),
    begin: box,
  },
];

/** The space bar makes a hand of the pointer, over nodes too. */
function pan(press: PointerEvent): Follower {
  const { x, y, zoom } = canvasApi.view();
  return {
    move: (_, __, event) =>
      canvasApi.setView({ x: x + event.clientX - press.clientX, y: y + event.clientY - press.clientY, zoom }),
    end: () => {},
  };
}

/** Cut all links that the line crosses. */
function knife(_: PointerEvent, at: Point): Follower {
  let line: Point[] = [at];
  return {
    move: (dx, dy) => {
      line = [...line, [at[0] + dx, at[1] + dy]];
      useCanvas.setState({ cut: line });
    },
    end: (kept) => {
      useCanvas.setState({ cut: [] });
      if (!kept || line.length < 2) return;
      const hit = [...linksIn(here(), canvasApi.visibleRect())].filter((link) => crosses(sampled(link.pieces), line));
      unlink(hit.map((link) => link.id));
    },
  };
}

/** Select what a box takes; with Shift or Ctrl it is added. */
function box(event: PointerEvent, at: Point): Follower {
  const before = ctrl(event) || event.shiftKey ? useUi.getState().selection : new Set<string>();
  const places = [...placesOf()];
  return {
    move: (dx, dy) => {
      const rect: Rect = {
        x: Math.min(at[0], at[0] + dx),
        y: Math.min(at[1], at[1] + dy),
        width: Math.abs(dx),
        height: Math.abs(dy),
      };
      const inside = places.filter(([id, place]) => takes(rect, id, place)).map(([id]) => id);
      const next = new Set([...before, ...inside]);
      useCanvas.setState({ box: rect });
      if (!sameSet(next, useUi.getState().selection)) useUi.getState().select(next);
    },
    end: () => useCanvas.setState({ box: null }),
  };
}

function takes(rect: Rect, id: string, place: Place): boolean {
  const whole = useSettings.getState().selection === "full" || partOf(id).kind === "group";
  return whole ? holds(rect, place) : overlaps(rect, place);
}

const sameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>) =>
  a.size === b.size && [...a].every((one) => b.has(one));

/** A box that is only drawn is selected and dragged like a mounted node. */
function dragBox(event: PointerEvent, at: Point): Follower {
  const id = under(at) ?? "";
  const { selection, select } = useUi.getState();
  const add = ctrl(event) || event.shiftKey;
  if (add && selection.has(id)) select([...selection].filter((one) => one !== id));
  else if (!selection.has(id)) select([id], add);
  const start = placesOf().get(id)?.pos ?? at;
  let begun = false;
  return {
    move: (dx, dy) => {
      if (useUi.getState().readOnly) return;
      if (!begun) beginDrag(id, useUi.getState().selection);
      begun = true;
      dragTo([start[0] + dx, start[1] + dy]);
    },
    end: (kept) => begun && endDrag(kept),
  };
}

/** Pixels that a press may wander before it is a drag. */
const SLACK = 4;

/** A gesture moves only once the pointer has left its place. */
function patient(press: PointerEvent, follower: Follower, moved: () => void): Follower {
  let begun = false;
  return {
    move: (dx, dy, event) => {
      begun ||= Math.hypot(event.clientX - press.clientX, event.clientY - press.clientY) > SLACK;
      if (!begun) return;
      moved();
      follower.move(dx, dy, event);
    },
    end: (kept) => follower.end(kept),
  };
}

/** Listen on the canvas's frame until `signal` says stop. */
export function listenForGestures(frame: HTMLElement, signal: AbortSignal): void {
  let taken = false;
  let dragged = false;
  const before = { capture: true, signal };
  const swallow = (event: Event) => taken && event.stopPropagation();
  frame.addEventListener(
    "pointerdown",
    (event) => {
      dragged = false;
      const at = canvasApi.screenToCanvas([event.clientX, event.clientY]);
      const gesture = GESTURES.find((one) => one.fits(event, at));
      taken = gesture !== undefined;
      if (!gesture) return;
      event.stopPropagation();
      follow(
        event,
        patient(event, gesture.begin(event, at), () => void (dragged = true)),
      );
    },
    before,
  );
  for (const kind of ["mousedown", "touchstart"] as const) frame.addEventListener(kind, swallow, before);
  // The middle button pans: it neither scrolls by itself nor takes the focus from a field.
  frame.addEventListener("mousedown", (event) => event.button === 1 && event.preventDefault(), before);
  frame.addEventListener("click", (event) => dragged && event.stopPropagation(), before);
  window.addEventListener("keydown", (event) => event.key === " " && (spaceHeld = true), { signal });
  window.addEventListener("keyup", (event) => event.key === " " && (spaceHeld = false), { signal });
  window.addEventListener("blur", () => void (spaceHeld = false), { signal });
}
