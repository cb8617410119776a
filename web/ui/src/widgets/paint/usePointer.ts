import { type PointerEvent, type RefObject, useEffect, useRef } from "react";
import type { Sample } from "./brush";
import type { Layer } from "./layer";
import type { Point } from "./shapes";
import { brushNow, inkNow, usePaint, zoomed } from "./store";

/** The button of a pen's other end, among `buttons`. */
const PEN_ERASER = 32;

interface Outline {
  readonly tool: "rectangle" | "lasso";
  readonly points: readonly Point[];
}

interface Hands {
  readonly stage: RefObject<HTMLElement | null>;
  /** What flood looks at. */
  look(): Layer;
  /** The shape that is being drawn; null when it is done. */
  outline(shape: Outline | null): void;
}

interface Doing {
  readonly kind: "stroke" | "shape" | "pan";
  readonly pointer: number;
  points: Point[];
  readonly erase: boolean;
}

const pan = (from: Point, to: Point) =>
  usePaint.setState(({ view }) => ({ view: { ...view, x: view.x + to.x - from.x, y: view.y + to.y - from.y } }));

const middle = (p: Point, q: Point): Point => ({ x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 });

/** What mouse, pen and fingers do on the stage. One finger paints, two move and zoom; once a pen has been there,
 * fingers move alone (a hand that rests on the screen leaves no mark). */
export function usePointer({ stage, look, outline }: Hands) {
  const doing = useRef<Doing | null>(null);
  const fingers = useRef(new Map<number, Point>());
  const penSeen = useRef(false);
  const last = useRef<Sample | null>(null);
  const space = useSpace(stage);

  const onStage = (event: { clientX: number; clientY: number }): Point => {
    const box = stage.current?.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
  };
  const sample = (event: globalThis.PointerEvent): Sample => {
    const { view, pressure } = usePaint.getState();
    const at = onStage(event);
    const felt = pressure && event.pointerType === "pen" ? event.pressure : 1;
    return { x: (at.x - view.x) / view.scale, y: (at.y - view.y) / view.scale, pressure: felt };
  };
  const begin = (event: PointerEvent): Doing => {
    const { tool, painting } = usePaint.getState();
    const { pointerId: pointer } = event;
    const resting = event.pointerType === "touch" && penSeen.current;
    if (tool === "pan" || event.button === 1 || space.current || resting)
      return { kind: "pan", pointer, points: [onStage(event)], erase: false };
    const erase = event.button === 2 || event.altKey || (event.buttons & PEN_ERASER) > 0;
    const at = sample(event.nativeEvent);
    if (tool === "rectangle" || tool === "lasso") return { kind: "shape", pointer, points: [at], erase };
    if (tool === "fill") {
      painting?.flood(at, look(), usePaint.getState().tolerance, inkNow(erase));
      return { kind: "shape", pointer, points: [], erase };
    }
    // With Shift a straight line leads here from where the last stroke ended.
    const from = event.shiftKey ? last.current : null;
    painting?.begin(from ? { ...from, pressure: at.pressure } : at, brushNow(), inkNow(erase));
    if (from) painting?.extend(at);
    last.current = at;
    return { kind: "stroke", pointer, points: [], erase };
  };

  const move = (event: PointerEvent) => {
    if (fingers.current.has(event.pointerId) && fingers.current.size > 1) return pinch(event);
    const now = doing.current;
    if (now?.pointer !== event.pointerId) return;
    if (now.kind === "pan") {
      const to = onStage(event);
      const from = now.points[0];
      if (from) pan(from, to);
      now.points = [to];
      return;
    }
    const events = event.nativeEvent.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event.nativeEvent]) {
      const at = sample(one);
      if (now.kind === "stroke") {
        usePaint.getState().painting?.extend(at);
        last.current = at;
      } else if (now.points.length) now.points.push(at);
    }
    const { tool } = usePaint.getState();
    if (now.points.length && (tool === "rectangle" || tool === "lasso")) outline({ tool, points: [...now.points] });
  };

  const pinch = (event: PointerEvent) => {
    const before = [...fingers.current.values()].slice(0, 2);
    fingers.current.set(event.pointerId, onStage(event));
    const after = [...fingers.current.values()].slice(0, 2);
    const [a, b] = before;
    const [c, d] = after;
    if (!a || !b || !c || !d) return;
    pan(middle(a, b), middle(c, d));
    const factor = Math.hypot(c.x - d.x, c.y - d.y) / Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
    usePaint.setState(({ view }) => ({ view: zoomed(view, factor, middle(c, d)) }));
  };

  const up = (event: PointerEvent, kept: boolean) => {
    fingers.current.delete(event.pointerId);
    const now = doing.current;
    if (now?.pointer !== event.pointerId) return;
    doing.current = null;
    const { painting, tool } = usePaint.getState();
    if (now.kind === "stroke" && kept) painting?.end();
    else if (now.kind === "stroke") painting?.cancel();
    const [first, ...rest] = now.points;
    const end = rest.at(-1);
    if (kept && now.kind === "shape" && first && end) {
      if (tool === "rectangle") painting?.rectangle(first, end, inkNow(now.erase));
      else painting?.lasso(now.points, inkNow(now.erase));
    }
    outline(null);
  };

  return {
    onPointerDown: (event: PointerEvent) => {
      event.currentTarget.setPointerCapture?.(event.pointerId);
      if (event.pointerType === "pen") penSeen.current = true;
      if (event.pointerType === "touch") fingers.current.set(event.pointerId, onStage(event));
      if (fingers.current.size > 1) {
        // The second finger says that the first did not mean to paint.
        if (doing.current?.kind === "stroke") usePaint.getState().painting?.cancel();
        doing.current = null;
        outline(null);
      } else doing.current = begin(event);
    },
    onPointerMove: move,
    onPointerUp: (event: PointerEvent) => up(event, true),
    onPointerCancel: (event: PointerEvent) => up(event, false),
  };
}

/** Whether Space is held, which moves the picture as in every painting program. */
function useSpace(stage: RefObject<HTMLElement | null>): RefObject<boolean> {
  const held = useRef(false);
  useEffect(() => {
    const element = stage.current;
    const key = (event: KeyboardEvent) => {
      if (event.code !== "Space") return;
      held.current = event.type === "keydown";
      event.preventDefault();
    };
    const lost = () => void (held.current = false);
    element?.addEventListener("keydown", key);
    element?.addEventListener("keyup", key);
    element?.addEventListener("blur", lost);
    return () => {
      element?.removeEventListener("keydown", key);
      element?.removeEventListener("keyup", key);
      element?.removeEventListener("blur", lost);
    };
  }, [stage]);
  return held;
}
