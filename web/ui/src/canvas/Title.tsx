import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { tip } from "~/ui/Tooltip";
import styles from "./Title.module.css";
import { useCanvas } from "./store";

interface Props {
  readonly id: string;
  readonly text: string;
  readonly hint?: string;
  readonly readOnly: boolean;
  save(text: string): void;
  /** What a double-click does instead; F2 and the menu still rename. */
  readonly open?: (() => void) | undefined;
}

export const editTitle = (id: string | null): void => useCanvas.setState({ editing: id });

/** A title that a double-click (or F2) turns into a field. */
export function Title({ id, text, hint, readOnly, save, open }: Props) {
  const editing = useCanvas((s) => s.editing === id);
  if (editing && !readOnly) return <Field text={text} save={save} />;
  return (
    <span
      className={styles["title"]}
      {...(hint && tip(hint))}
      onDoubleClick={(event) => {
        if (readOnly && !open) return;
        event.stopPropagation();
        if (open) open();
        else editTitle(id);
      }}
    >
      {text}
    </span>
  );
}

function Field({ text, save }: { text: string; save(text: string): void }) {
  const { t } = useTranslation("canvas");
  const [value, setValue] = useState(text);
  const leave = (keep: boolean) => {
    if (keep && value !== text) save(value);
    editTitle(null);
  };
  const press = (event: KeyboardEvent<HTMLInputElement>) => {
    event.stopPropagation();
    if (event.key === "Enter") leave(true);
    if (event.key === "Escape") leave(false);
  };
  return (
    <input
      className={`${styles["field"]} nodrag nopan`}
      aria-label={t("node.title")}
      value={value}
      ref={takeFocus}
      maxLength={200}
      onChange={(event) => setValue(event.target.value)}
      onKeyDown={press}
      onBlur={() => leave(true)}
    />
  );
}

const takeFocus = (field: HTMLInputElement | null): void => {
  if (!field || document.activeElement === field) return;
  field.focus({ preventScroll: true });
  field.select();
};
