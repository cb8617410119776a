import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { cx } from "~/ui/cx";
import { Popover } from "~/ui/Popover";
import type { Choice } from "../combo/rows";
import css from "./Prompt.module.css";

interface CompletionProps {
  readonly anchor: Element;
  readonly id: string;
  readonly choices: readonly Choice[];
  readonly marked: number;
  mark(index: number): void;
  take(choice: Choice): void;
  close(): void;
}

/** Names that fit what is typed behind "embedding:"; the focus stays in the text. */
export function Completion({ anchor, id, choices, marked, mark, take, close }: CompletionProps) {
  const { t } = useTranslation("widgets");
  useEffect(() => {
    document.getElementById(`${id}-${marked}`)?.scrollIntoView?.({ block: "nearest" });
  }, [id, marked]);
  return (
    // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a select cannot lie beside a text
    <Popover anchor={anchor} role="listbox" label={t("prompt.embeddings")} className={css["names"]} close={close}>
      {choices.map((choice, index) => (
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus -- the text has the focus and hears the keys
        <div
          key={choice.value}
          id={`${id}-${index}`}
          // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a select cannot lie beside a text
          role="option"
          aria-selected={index === marked}
          className={cx(css["name"], index === marked && css["marked"])}
          onPointerMove={() => mark(index)}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => take(choice)}
        >
          {choice.name}
          {choice.group && <span className={css["folder"]}>{choice.group}</span>}
        </div>
      ))}
    </Popover>
  );
}
