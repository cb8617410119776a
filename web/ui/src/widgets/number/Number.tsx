import { useRef, useState } from "react";
import { cx } from "~/ui/cx";
import { Row, rowParts } from "../frame/Row";
import { useWheel } from "../frame/useWheel";
import type { WidgetProps } from "../registry";
import { fieldKeys } from "./fieldKeys";
import { useDrag } from "./useDrag";
import { useNumber } from "./useNumber";
import { isSlider, moved, numberOf, paceOf, shareOf } from "./value";
import css from "./Number.module.css";

/** Pixels of a drag for one step; finer drags of whole numbers are slower, as they have no finer step. */
const PIXELS = 4;
/** Keys that move by steps, and how many. */
const KEYS: Readonly<Record<string, number>> = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/** A number: drag it, type a sum, use arrows or, once it has the focus, the wheel. Shift is finer, Ctrl coarser. */
export function NumberWidget(props: WidgetProps) {
  const { def, disabled, label, describedBy, bare, change } = props;
  const row = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [focused, setFocused] = useState(false);
  const field = useNumber(props);
  const { limits, number } = field;
  const slider = isSlider(def);
  const drag = useRef({ start: props.value, at: number, steps: 0, last: 0 });

  const press = useDrag({
    endless: !slider,
    begin: () => {
      drag.current = { start: props.value, at: number, steps: 0, last: 0 };
    },
    move: (pixels, event) => {
      const now = drag.current;
      const pace = paceOf(event);
      const width = row.current?.getBoundingClientRect().width || 1;
      const range = (Number(limits.max) - Number(limits.min)) / limits.step;
      const slow = pace === "fine" && (slider || limits.whole) ? 5 : 1;
      now.steps += (slider ? (pixels / width) * range : pixels / PIXELS) / slow;
      const count = Math.trunc(now.steps);
      if (count === now.last) return;
      // Steps that a limit swallowed are not saved up: turning round moves the number at once.
      const next = moved(now.at, count - now.last, limits, slider ? "usual" : pace);
      Object.assign(now, { last: count, at: numberOf(next, def) });
      change(next);
    },
    end: (kept) => {
      if (!kept) change(drag.current.start ?? def.default ?? 0);
    },
    press: () => {
      input.current?.focus();
      input.current?.select();
    },
  });
  useWheel(row, focused && !disabled, (by, event) => field.step(-by, paceOf(event)));

  const key = fieldKeys(field, (event) => {
    const count = KEYS[event.key];
    if (count !== undefined) field.step(count, paceOf(event));
    return count !== undefined;
  });

  return (
    <Row
      ref={row}
      label={label}
      bare={bare}
      disabled={disabled}
      wrong={field.wrong}
      note={field.note}
      className={cx(css["number"], disabled && css["still"], focused && "nowheel")}
      onPointerDown={(event) => {
        if (!disabled && event.target !== input.current) press(event);
      }}
    >
      {slider && <span className={css["fill"]} style={{ width: `${shareOf(number, limits) * 100}%` }} />}
      <input
        ref={input}
        type="text"
        inputMode="decimal"
        role="spinbutton"
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        aria-describedby={describedBy}
        aria-invalid={field.wrong || undefined}
        aria-valuenow={Number(number)}
        aria-valuemin={limits.min === null ? undefined : Number(limits.min)}
        aria-valuemax={limits.max === null ? undefined : Number(limits.max)}
        aria-valuetext={field.text}
        disabled={disabled}
        value={field.text}
        className={rowParts.field}
        onFocus={() => {
          setFocused(true);
          field.focus();
        }}
        onBlur={() => {
          setFocused(false);
          field.blur();
        }}
        onChange={(event) => field.type(event.target.value)}
        onKeyDown={key}
      />
    </Row>
  );
}
