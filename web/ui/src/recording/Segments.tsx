import { useId } from "react";
import { cx } from "~/ui/cx";
import css from "./Segments.module.css";

interface SegmentsProps<T extends string> {
  readonly label: string;
  /** The label is told, not drawn. */
  readonly bare?: boolean;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  /** A sentence about what is chosen. */
  readonly help?: string;
  readonly className?: string | undefined;
  change(value: T): void;
}

/** A choice of one among a few, side by side; arrows move it. */
export function Segments<T extends string>({ label, bare, value, options, help, className, change }: SegmentsProps<T>) {
  const id = useId();
  return (
    <fieldset className={cx(css["choice"], className)} aria-describedby={help === undefined ? undefined : `${id}-help`}>
      <legend className={bare ? "visually-hidden" : css["label"]}>{label}</legend>
      <div className={css["row"]}>
        {options.map((option) => (
          <label key={option.value} className={css["option"]}>
            <input type="radio" name={id} checked={option.value === value} onChange={() => change(option.value)} />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      {help !== undefined && (
        <p id={`${id}-help`} className={css["help"]}>
          {help}
        </p>
      )}
    </fieldset>
  );
}
