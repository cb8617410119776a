import type { ButtonHTMLAttributes, ComponentType, ReactNode } from "react";
import { cx } from "./cx";
import { Spinner } from "./Spinner";
import { tip } from "./Tooltip";
import css from "./Button.module.css";

export type Icon = ComponentType<{ size?: number | string }>;

type Plain = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type">;

interface ButtonProps extends Plain {
  readonly kind?: "primary" | "plain" | "quiet" | "danger";
  readonly small?: boolean;
  readonly icon?: Icon;
  /** Something is under way: it shows that and cannot be pressed. */
  readonly busy?: boolean;
  readonly children: ReactNode;
}

/** A button with words. One primary a view. */
export function Button({ kind = "plain", small, icon: Mark, busy, children, className, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      className={cx(css["button"], css[kind], small && css["small"], className)}
    >
      {busy ? <Spinner /> : Mark && <Mark size={small ? 14 : 16} />}
      <span className={css["words"]}>{children}</span>
    </button>
  );
}

interface IconButtonProps extends Plain {
  readonly icon: Icon;
  /** Its accessible name, and the words of its tooltip. */
  readonly label: string;
  /** Keys shown in the tooltip. */
  readonly keys?: string | undefined;
  readonly small?: boolean;
  /** A button that stays down. */
  readonly pressed?: boolean;
  readonly kind?: "quiet" | "primary" | "danger" | "plain";
}

/** A button that is an icon; its name is told to screen readers and shown when it is pointed at. */
export function IconButton({ icon: Mark, label, keys, small, pressed, kind = "quiet", ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...tip(label, keys)}
      {...rest}
      aria-label={label}
      aria-pressed={pressed}
      className={cx(css["button"], css["icon"], css[kind], small && css["small"], rest.className)}
    >
      <Mark size={small ? 14 : 16} />
    </button>
  );
}
