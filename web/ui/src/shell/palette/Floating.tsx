import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { placed } from "~/ui/place";
import css from "./Floating.module.css";

interface FloatingProps {
  readonly label: string;
  /** Pixels of the window; without it at the top in the middle. */
  readonly at?: readonly [number, number] | undefined;
  readonly children: ReactNode;
  close(): void;
}

/** A modal box at a point, without a veil: what lies behind stays to be seen. */
export function Floating({ label, at, children, close }: FloatingProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    element?.querySelector("input")?.focus();
    return () => element?.close();
  }, []);
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (!element.open) element.showModal();
    const { width, height } = element.getBoundingClientRect();
    const view = { width: window.innerWidth, height: window.innerHeight };
    const anchor = at ?? [(view.width - width) / 2, Math.min(120, view.height * 0.14)];
    const corner = placed({ x: anchor[0], y: anchor[1], width: 0, height: 0 }, { width, height }, view);
    element.style.translate = `${Math.round(corner.x)}px ${Math.round(corner.y)}px`;
  }, [at]);
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- Escape closes it too
    <dialog
      ref={dialog}
      aria-label={label}
      className={css["floating"]}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === dialog.current && close()}
    >
      {children}
    </dialog>
  );
}
