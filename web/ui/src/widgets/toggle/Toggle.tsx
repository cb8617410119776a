import { useRef } from "react";
import { cx } from "~/ui/cx";
import { Row } from "../frame/Row";
import type { WidgetProps } from "../registry";
import css from "./Toggle.module.css";

/** On or off; the whole row can be pressed. */
export function Toggle({ def, value, disabled, label, describedBy, bare, change }: WidgetProps) {
  const check = useRef<HTMLInputElement>(null);
  const on = (value ?? def.default) === true;
  return (
    <Row
      label={label}
      bare={bare}
      disabled={disabled}
      className={cx(css["toggle"], disabled && css["still"])}
      onPointerDown={(event) => {
        if (disabled || event.button !== 0 || event.target === check.current) return;
        event.preventDefault();
        check.current?.focus();
        change(!on);
      }}
    >
      <input
        ref={check}
        type="checkbox"
        role="switch"
        aria-label={label}
        aria-checked={on}
        aria-describedby={describedBy}
        checked={on}
        disabled={disabled}
        className={css["check"]}
        onChange={(event) => change(event.target.checked)}
      />
    </Row>
  );
}
