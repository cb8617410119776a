import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import { cx } from "~/ui/cx";
import css from "./Dock.module.css";

interface SplitterProps {
  readonly side: "left" | "right" | "bottom";
  readonly size: number;
  readonly least: number;
  readonly most: number;
  change(size: number): void;
}

/** Pixels of one arrow key. */
const STEP = 16;

/** The edge of a panel: dragged, or moved by arrow keys. */
export function Splitter({ side, size, least, most, change }: SplitterProps) {
  const { t } = useTranslation("app");
  const from = useRef<{ at: number; size: number } | null>(null);
  const along = side === "bottom" ? "y" : "x";
  const sign = side === "left" ? 1 : -1;
  const set = (wanted: number) => change(Math.round(Math.max(least, Math.min(wanted, most))));
  const down = (event: PointerEvent) => {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { at: event[along === "y" ? "clientY" : "clientX"], size };
  };
  const move = (event: PointerEvent) => {
    if (from.current) set(from.current.size + sign * (event[along === "y" ? "clientY" : "clientX"] - from.current.at));
  };
  const key = (event: KeyboardEvent) => {
    const [more, less] = { left: ["Right", "Left"], right: ["Left", "Right"], bottom: ["Up", "Down"] }[side];
    const steps: Record<string, number> = {
      [`Arrow${more}`]: size + STEP,
      [`Arrow${less}`]: size - STEP,
      Home: least,
      End: most,
    };
    const wanted = steps[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    set(wanted);
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a separator with a value is a control
    <hr
      aria-orientation={along === "y" ? "horizontal" : "vertical"}
      aria-label={t("resize")}
      aria-valuenow={size}
      aria-valuemin={least}
      aria-valuemax={most}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as above
      tabIndex={0}
      className={cx(css["splitter"], css[`${side}Edge`])}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={() => {
        from.current = null;
      }}
      onLostPointerCapture={() => {
        from.current = null;
      }}
      onKeyDown={key}
    />
  );
}
