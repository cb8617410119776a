import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Kbd } from "./Kbd";
import { placed } from "./place";
import css from "./Tooltip.module.css";

/** Milliseconds of rest before words come up; a neighbour's come at once. */
const DELAY = 450;
const NEIGHBOUR = 300;

/** Attributes of an element whose tooltip is `text`; any element may have one, it costs nothing until pointed at. */
export function tip(text: string, keys?: string): { "data-tip": string; "data-tip-keys"?: string } {
  return { "data-tip": text, ...(keys && { "data-tip-keys": keys }) };
}

interface Shown {
  readonly element: Element;
  readonly text: string;
  readonly keys: string | null;
}

const tipped = (target: EventTarget | null) => (target instanceof Element ? target.closest("[data-tip]") : null);

function shownBy(element: Element): Shown {
  return { element, text: element.getAttribute("data-tip") ?? "", keys: element.getAttribute("data-tip-keys") };
}

/** What is pointed at for a moment, or reached by keyboard. */
function useTipped(): Shown | null {
  const [shown, setShown] = useState<Shown | null>(null);
  useEffect(() => {
    let timer = 0;
    let left = 0;
    const hide = () => {
      window.clearTimeout(timer);
      setShown((before) => {
        if (before) left = performance.now();
        return null;
      });
    };
    const show = (element: Element) => setShown(element.isConnected ? shownBy(element) : null);
    const over = (event: PointerEvent) => {
      const element = event.pointerType === "touch" ? null : tipped(event.target);
      hide();
      if (element) timer = window.setTimeout(show, performance.now() - left < NEIGHBOUR ? 0 : DELAY, element);
    };
    const focus = (event: FocusEvent) => {
      const element = tipped(event.target);
      if (element?.matches(":focus-visible")) show(element);
    };
    const key = (event: KeyboardEvent) => event.key !== "Tab" && hide();
    const listen: [string, (event: never) => void][] = [
      ["pointerover", over],
      ["pointerdown", hide],
      ["focusin", focus],
      ["focusout", hide],
      ["keydown", key],
      ["scroll", hide],
    ];
    for (const [name, listener] of listen) document.addEventListener(name, listener as EventListener, true);
    return () => {
      hide();
      for (const [name, listener] of listen) document.removeEventListener(name, listener as EventListener, true);
    };
  }, []);
  return shown;
}

/** Draws the one tooltip of the page. */
export function TooltipHost() {
  const shown = useTipped();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !shown) return;
    element.showPopover?.();
    const { width, height } = element.getBoundingClientRect();
    const anchor = shown.element.getBoundingClientRect();
    const middle = { x: anchor.x + (anchor.width - width) / 2, y: anchor.y, width: 0, height: anchor.height };
    const side = shown.element.getAttribute("data-tip-side") === "right" ? "right" : "below";
    const view = { width: window.innerWidth, height: window.innerHeight };
    const at = placed(side === "right" ? anchor : middle, { width, height }, view, side);
    element.style.translate = `${Math.round(at.x)}px ${Math.round(at.y)}px`;
  }, [shown]);
  if (!shown?.text) return null;
  return (
    <div ref={box} popover="manual" role="tooltip" className={css["tip"]}>
      <span>{shown.text}</span>
      {shown.keys && <Kbd keys={shown.keys} />}
    </div>
  );
}
