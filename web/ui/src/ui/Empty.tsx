import type { ReactNode } from "react";
import type { Icon } from "./Button";
import css from "./Empty.module.css";

interface EmptyProps {
  readonly icon: Icon;
  readonly title: string;
  /** What fills it. */
  readonly text?: string;
  /** A button that does so. */
  readonly children?: ReactNode;
}

/** What stands where nothing is yet. */
export function Empty({ icon: Mark, title, text, children }: EmptyProps) {
  return (
    <div className={css["empty"]}>
      <span className={css["mark"]}>
        <Mark size={22} />
      </span>
      <p className={css["title"]}>{title}</p>
      {text && <p className={css["text"]}>{text}</p>}
      {children}
    </div>
  );
}
