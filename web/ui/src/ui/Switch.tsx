import css from "./Field.module.css";

interface SwitchProps {
  readonly id?: string;
  /** Its accessible name, where no label element names it. */
  readonly label?: string;
  readonly on: boolean;
  readonly disabled?: boolean;
  change(on: boolean): void;
}

/** On or off, at once. */
export function Switch({ id, label, on, disabled, change }: SwitchProps) {
  return (
    <input
      id={id}
      type="checkbox"
      role="switch"
      aria-checked={on}
      aria-label={label}
      checked={on}
      disabled={disabled}
      className={css["switch"]}
      onChange={(event) => change(event.target.checked)}
    />
  );
}
