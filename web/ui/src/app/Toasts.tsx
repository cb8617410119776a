import { CircleCheck, Info, TriangleAlert, X } from "lucide-react";
import { useEffect, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Told } from "~/core/types";
import { type Toast, useUi } from "~/stores/ui";
import { Button, IconButton } from "~/ui/Button";
import { cx } from "~/ui/cx";
import css from "./Toasts.module.css";

const ICONS = { info: Info, success: CircleCheck, error: TriangleAlert };

/** Milliseconds a message stays: what went wrong, or offers something, longer. */
const stay = (toast: Toast): number => (toast.kind === "error" ? 12_000 : toast.action ? 8000 : 4000);

/** Messages that come and go. The region is always there, so that screen readers tell what comes into it. */
export function Toasts() {
  const { t } = useTranslation("app");
  const toasts = useUi((s) => s.toasts);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element?.showPopover) return;
    // Once more to the front of the top layer, above a dialog that was opened since.
    if (element.matches(":popover-open")) element.hidePopover();
    if (toasts.length) element.showPopover();
  }, [toasts]);
  return (
    <div ref={box} popover="manual" className={css["toasts"]}>
      {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- it holds buttons */}
      <div role="status" aria-live="polite" aria-label={t("messages")} className={css["list"]}>
        {toasts.map((toast) => (
          <Message key={toast.id} toast={toast} />
        ))}
      </div>
    </div>
  );
}

function Message({ toast }: { readonly toast: Toast }) {
  const { t } = useTranslation();
  const dismiss = useUi((s) => s.dismiss);
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const timer = window.setInterval(() => {
      // It waits while it is read or reached.
      if (!row.current?.matches(":hover, :focus-within")) dismiss(toast.id);
    }, stay(toast));
    return () => window.clearInterval(timer);
  }, [toast, dismiss]);
  const words = (told: Told | string) => (typeof told === "string" ? told : t(told.key, { ...told.args }));
  const Mark = ICONS[toast.kind];
  const { action } = toast;
  return (
    <div ref={row} className={cx(css["toast"], css[toast.kind])}>
      <Mark size={16} />
      <p className={css["text"]}>{words(toast.text)}</p>
      {action && (
        <Button
          small
          onClick={() => {
            dismiss(toast.id);
            action.run();
          }}
        >
          {words(action.label)}
        </Button>
      )}
      <IconButton small icon={X} label={t("app:dismiss")} onClick={() => dismiss(toast.id)} />
    </div>
  );
}
