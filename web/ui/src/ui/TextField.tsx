import { type InputHTMLAttributes, type Ref, useId } from "react";
import type { Icon } from "./Button";
import { cx } from "./cx";
import css from "./Field.module.css";

interface TextFieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value"> {
  /** Has the focus when its dialog opens. */
  readonly "data-first"?: boolean;
  readonly label: string;
  /** The label is told, not drawn. */
  readonly bare?: boolean;
  readonly value: string;
  readonly icon?: Icon;
  readonly hint?: string;
  /** One sentence: what is wrong. */
  readonly error?: string | undefined;
  readonly ref?: Ref<HTMLInputElement>;
  change(value: string): void;
}

/** A line of text with its label. */
export function TextField({ label, bare, value, icon: Mark, hint, error, change, className, ...rest }: TextFieldProps) {
  const id = useId();
  const told = error ?? hint;
  return (
    <div className={cx(css["field"], error !== undefined && css["wrong"], className)}>
      <label htmlFor={id} className={bare ? "visually-hidden" : css["label"]}>
        {label}
      </label>
      <div className={css["box"]}>
        {Mark && <Mark size={14} />}
        <input
          id={id}
          autoComplete="off"
          spellCheck={false}
          {...rest}
          value={value}
          className={css["input"]}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={told === undefined ? undefined : `${id}-told`}
          onChange={(event) => change(event.target.value)}
        />
      </div>
      {told !== undefined && (
        <p id={`${id}-told`} className={css[error === undefined ? "hint" : "error"]} role={error && "alert"}>
          {told}
        </p>
      )}
    </div>
  );
}
