import css from "./ProgressBar.module.css";

interface Props {
  readonly label: string;
  /** From 0 to 1; null: something is under way, nobody knows how long. */
  readonly value: number | null;
  readonly className?: string | undefined;
}

/** A thin bar. */
export function ProgressBar({ label, value, className }: Props) {
  return (
    <progress
      aria-label={label}
      max={1}
      value={value ?? undefined}
      className={className ? `${css["bar"]} ${className}` : css["bar"]}
    />
  );
}
