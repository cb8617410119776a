import type { ReactNode, Ref } from "react";
import { cx } from "~/ui/cx";
import css from "./Row.module.css";

interface RowProps {
  readonly label: string;
  /** The label stands elsewhere. */
  readonly bare?: boolean | undefined;
  readonly disabled?: boolean | undefined;
  readonly wrong?: boolean | undefined;
  /** One sentence that comes up under the row for a moment, and is read out. */
  readonly note?: string | undefined;
  readonly className?: string | undefined;
  readonly children: ReactNode;
  readonly ref?: Ref<HTMLDivElement>;
  onPointerDown?(event: React.PointerEvent<HTMLDivElement>): void;
}

/** A widget of one row. Dragging in it neither moves the node nor pans the canvas. */
export function Row({ label, bare, disabled, wrong, note, className, children, ref, onPointerDown }: RowProps) {
  return (
    <div className={cx("nodrag nopan", css["box"])}>
      <div
        ref={ref}
        className={cx(css["row"], disabled && css["disabled"], wrong && css["wrong"], bare && css["bare"], className)}
        onPointerDown={onPointerDown}
      >
        {!bare && (
          <span aria-hidden="true" className={css["label"]}>
            {label}
          </span>
        )}
        {children}
      </div>
      <output className={css["note"]}>{note}</output>
    </div>
  );
}

/** Class names of what stands in a row. */
export const rowParts = { field: css["field"] ?? "", small: css["small"] ?? "" };
