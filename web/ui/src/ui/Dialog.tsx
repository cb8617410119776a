import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./Button";
import { cx } from "./cx";
import css from "./Dialog.module.css";

interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** Buttons at its foot. */
  readonly footer?: ReactNode;
  readonly size?: "small" | "medium" | "large";
  /** No padding: the content fills it. */
  readonly flush?: boolean;
  /** The title is told, not drawn. */
  readonly bare?: boolean;
  close(): void;
}

/** A modal window: the browser's own dialog, with its focus trap, Escape and return of the focus. The element with
 * `data-first` has the focus at the start. */
export function Dialog({ title, children, footer, size = "medium", flush, bare, close }: DialogProps) {
  const { t } = useTranslation("app");
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    (element?.querySelector<HTMLElement>("[data-first]") ?? element)?.focus();
    return () => element?.close();
  }, []);
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- Escape closes it too
    <dialog
      ref={dialog}
      aria-labelledby={id}
      tabIndex={-1}
      className={cx(css["dialog"], css[size], bare && css["bare"])}
      onCancel={(event) => {
        if (event.target !== dialog.current) return;
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div className={css["frame"]}>
        <header className={bare ? "visually-hidden" : css["head"]}>
          <h2 id={id}>{title}</h2>
          {!bare && <IconButton icon={X} label={t("close")} onClick={close} />}
        </header>
        <div className={cx(css["body"], flush && css["flush"])}>{children}</div>
        {footer && <footer className={css["foot"]}>{footer}</footer>}
      </div>
    </dialog>
  );
}
