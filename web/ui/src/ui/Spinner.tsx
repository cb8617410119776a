import css from "./Spinner.module.css";

/** Something is under way. With a label it is told to screen readers too. */
export function Spinner({ label, size = 16 }: { readonly label?: string; readonly size?: number }) {
  const ring = (
    <svg className={css["spinner"]} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="2" opacity="0.25" />
      <path d="M8 2a6 6 0 0 1 6 6" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
  if (label === undefined) return ring;
  return (
    <output className={css["line"]}>
      {ring}
      <span>{label}</span>
    </output>
  );
}
