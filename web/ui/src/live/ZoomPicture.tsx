import { type PointerEvent, useCallback, useEffect, useRef, useState } from "react";
import { nameOf, viewUrl } from "~/api/files";
import type { Place } from "~/api/schema";
import css from "./Viewer.module.css";
import { type Zoom, panned, pinched, WHOLE, zoomed } from "./zoom";

interface Props {
  readonly place: Place;
  sized(width: number, height: number): void;
}

/** A picture that the wheel, two fingers or + and − enlarge and a drag moves; a double press goes back to the whole. */
export function ZoomPicture({ place, sized }: Props) {
  const stage = useRef<HTMLElement>(null);
  const [zoom, setZoom] = useState<Zoom>(WHOLE);
  const pointers = useRef(new Map<number, readonly [number, number]>());

  const at = useCallback((x: number, y: number): readonly [number, number] => {
    const box = stage.current?.getBoundingClientRect();
    return box ? [x - box.left - box.width / 2, y - box.top - box.height / 2] : [0, 0];
  }, []);

  useEffect(() => {
    const element = stage.current;
    if (!element) return undefined;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      setZoom((z) =>
        zoomed(z, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), at(event.clientX, event.clientY)),
      );
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [at]);

  const move = (event: PointerEvent) => {
    const before = pointers.current.get(event.pointerId);
    if (!before) return;
    const now = at(event.clientX, event.clientY);
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, now);
    setZoom((z) => (other ? pinched(z, before, now, other) : panned(z, now[0] - before[0], now[1] - before[1])));
  };
  const down = (event: PointerEvent) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, at(event.clientX, event.clientY));
  };
  const up = (event: PointerEvent) => void pointers.current.delete(event.pointerId);
  const keys: Record<string, number> = { "+": 1.25, "=": 1.25, "-": 0.8 };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- + and - work on it
    <figure
      ref={stage}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- + and - work on it
      tabIndex={0}
      className={css["zoom"]}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onDoubleClick={() => setZoom(WHOLE)}
      onKeyDown={(event) => {
        const factor = keys[event.key];
        if (factor) setZoom((z) => zoomed(z, factor, [0, 0]));
        if (event.key === "0") setZoom(WHOLE);
      }}
    >
      <img
        src={viewUrl(place)}
        alt={nameOf(place)}
        draggable={false}
        data-zoomed={zoom.scale > 1 || undefined}
        style={{ transform: `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})` }}
        onLoad={(event) => sized(event.currentTarget.naturalWidth, event.currentTarget.naturalHeight)}
      />
    </figure>
  );
}
