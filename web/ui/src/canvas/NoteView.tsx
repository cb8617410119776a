import type { NodeProps } from "@xyflow/react";
import { type CSSProperties, type KeyboardEvent, memo, useState } from "react";
import { useTranslation } from "react-i18next";
import Markdown, { type Components } from "react-markdown";
import { setNote } from "~/core/edits/frames";
import { useUi } from "~/stores/ui";
import styles from "./NoteView.module.css";
import { Resizer } from "./Resizer";
import { editTitle } from "./Title";
import { cssColor } from "./colors";
import { change } from "./edit";
import type { NoteFlow } from "./flow";
import { partOf } from "./ids";
import { nameId } from "./project";
import { useCanvas } from "./store";

/** Notes come from files of others: links leave no trace, and pictures are not fetched. */
const PARTS: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" className="nodrag">
      {children}
    </a>
  ),
  img: ({ alt }) => <em>{alt}</em>,
};

/** A note on the canvas, in Markdown (without raw HTML); a double-click edits it. */
export const NoteView = memo(function NoteView({ id, data, selected }: NodeProps<NoteFlow>) {
  const { t } = useTranslation("canvas");
  const readOnly = useUi((s) => s.readOnly);
  const editing = useCanvas((s) => s.editing === id) && !readOnly;
  const { text, color } = data.note;
  const { id: key } = partOf(id);
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- its keys are the node's
    <div
      className={styles["note"]}
      data-selected={selected}
      style={{ "--pigment": cssColor(color) ?? "var(--pigment-ochre)" } as CSSProperties}
      onDoubleClick={(event) => {
        event.stopPropagation();
        editTitle(id);
      }}
    >
      <span id={nameId(id)} className="visually-hidden">
        {t("note.name", { text: text.slice(0, 60) })}
      </span>
      {editing ? (
        <Editor
          text={text}
          save={(next) => change("note", (d, scope) => setNote(d, scope, key, { text: next, markdown: true }))}
        />
      ) : (
        <div className={styles["text"]}>
          {text ? <Markdown components={PARTS}>{text}</Markdown> : <p className={styles["empty"]}>{t("note.empty")}</p>}
        </div>
      )}
      {!readOnly && <Resizer id={key} kind="note" />}
    </div>
  );
});

function Editor({ text, save }: { text: string; save(text: string): void }) {
  const { t } = useTranslation("canvas");
  const [value, setValue] = useState(text);
  const leave = () => {
    if (value !== text) save(value);
    editTitle(null);
  };
  const press = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) leave();
  };
  return (
    <textarea
      className={`${styles["field"]} nodrag nopan nowheel`}
      aria-label={t("note.text")}
      value={value}
      ref={(field) => field?.focus({ preventScroll: true })}
      onChange={(event) => setValue(event.target.value)}
      onKeyDown={press}
      onBlur={leave}
    />
  );
}
