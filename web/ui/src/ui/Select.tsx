import { type SelectHTMLAttributes, useId } from "react";
import { cx } from "./cx";
import css from "./Field.module.css";

interface SelectProps<T extends string> extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "onChange" | "value"> {
  readonly label: string;
  readonly bare?: boolean;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  change(value: T): void;
}

/** A choice of one: the browser's own list, which every device knows how to show. */
export function Select<T extends string>({ label, bare, value, options, change, className, ...rest }: SelectProps<T>) {
  const id = useId();
  return (
    <div className={cx(css["field"], className)}>
      <label htmlFor={id} className={bare ? "visually-hidden" : css["label"]}>
        {label}
      </label>
      <div className={css["box"]}>
        <select
          id={id}
          {...rest}
          value={value}
          className={css["select"]}
          onChange={(event) => {
            const chosen = options.find((option) => option.value === event.target.value);
            if (chosen) change(chosen.value);
          }}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}
