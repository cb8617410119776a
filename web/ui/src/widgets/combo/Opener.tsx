import { ChevronDown } from "lucide-react";
import type { KeyboardEvent, MouseEvent, ReactNode, Ref } from "react";
import { cx } from "~/ui/cx";
import { rowParts } from "../frame/Row";
import css from "./Opener.module.css";

interface OpenerProps {
  readonly ref: Ref<HTMLButtonElement>;
  /** Of the list that it opens, and of what it is in, as screen readers are told of them. */
  readonly list: string;
  readonly label: string;
  readonly describedBy?: string | undefined;
  readonly open: boolean;
  readonly wrong?: boolean;
  readonly disabled: boolean;
  readonly title: string;
  /** What is chosen. */
  readonly children: ReactNode;
  onClick(event: MouseEvent<HTMLButtonElement>): void;
  onKeyDown(event: KeyboardEvent<HTMLButtonElement>): void;
}

/** What a list is opened with: it shows what is chosen, and fills its row. */
export function Opener({ list, label, describedBy, open, wrong, children, ...button }: OpenerProps) {
  return (
    <button
      {...button}
      type="button"
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a select draws no pictures and cannot be searched
      role="combobox"
      aria-controls={list}
      aria-label={label}
      aria-describedby={describedBy}
      aria-haspopup="listbox"
      aria-expanded={open}
      aria-invalid={wrong || undefined}
      className={cx(rowParts.field, css["button"])}
    >
      {children}
      <ChevronDown size={12} className={css["arrow"]} />
    </button>
  );
}

/** The name of what is chosen, in an opener. */
export const valueClass = css["value"] ?? "";
