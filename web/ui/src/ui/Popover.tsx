import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { cx } from "./cx";
import { type Box, placed, type Side } from "./place";
import css from "./Popover.module.css";

/** An element, or a point of the window. */
export type Anchor = Element | { readonly x: number; readonly y: number };

const boxOf = (anchor: Anchor): Box =>
  anchor instanceof Element ? anchor.getBoundingClientRect() : { ...anchor, width: 0, height: 0 };

interface PopoverProps {
  readonly anchor: Anchor;
  readonly side?: Side;
  readonly label: string;
  readonly role?: "menu" | "dialog" | "listbox";
  readonly className?: string | undefined;
  readonly children: ReactNode;
  onKeyDown?(event: KeyboardEvent<HTMLDivElement>): void;
  close(): void;
}

/** A box in the top layer beside its anchor. A press elsewhere or Escape closes it; the focus goes back to where it was. */
export function Popover({ anchor, side, label, role = "dialog", className, children, ...on }: PopoverProps) {
  const box = useRef<HTMLDivElement>(null);
  const { close } = on;
  const closing = useRef(close);
  useEffect(() => {
    closing.current = close;
  }, [close]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.showPopover?.();
    const at = placed(boxOf(anchor), element.getBoundingClientRect(), viewOf(), side);
    element.style.translate = `${Math.round(at.x)}px ${Math.round(at.y)}px`;
  }, [anchor, side]);

  useEffect(() => {
    const before = document.activeElement;
    const inside = (target: EventTarget | null) =>
      target instanceof Node &&
      (box.current?.contains(target) || (anchor instanceof Element && anchor.contains(target)));
    const press = (event: PointerEvent) => inside(event.target) || closing.current();
    document.addEventListener("pointerdown", press, true);
    const element = box.current;
    return () => {
      document.removeEventListener("pointerdown", press, true);
      const lost = !document.activeElement || document.activeElement === document.body;
      if (before instanceof HTMLElement && (lost || element?.contains(document.activeElement))) before.focus();
    };
  }, [anchor]);

  const key = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      event.preventDefault();
      close();
    } else on.onKeyDown?.(event);
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- its role is given
    <div
      ref={box}
      popover="manual"
      role={role}
      aria-label={label}
      tabIndex={-1}
      className={cx(css["popover"], className)}
      onKeyDown={key}
    >
      {children}
    </div>
  );
}

const viewOf = () => ({ width: window.innerWidth, height: window.innerHeight });
