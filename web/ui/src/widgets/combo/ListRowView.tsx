import { Check, FolderClosed, TriangleAlert } from "lucide-react";
import { cx } from "~/ui/cx";
import type { Model } from "./models";
import type { ListRow } from "./rows";
import css from "./Combo.module.css";

interface ListRowProps {
  readonly row: ListRow;
  /** Of the list: ids of options begin with it. */
  readonly id: string;
  readonly count: number;
  readonly chosen: string;
  readonly marked: number;
  readonly model: Model | undefined;
  /** Where its picture is. */
  readonly picture: string | null;
  mark(index: number): void;
  take(value: string): void;
}

/** A row of an open list: the title of a folder, or a choice. */
export function ListRowView({ row, id, count, chosen, marked, model, picture, mark, take }: ListRowProps) {
  const place = { top: row.top, height: row.height };
  if (row.kind === "group")
    return (
      <div role="presentation" className={css["group"]} style={place}>
        <FolderClosed size={12} />
        {row.title}
      </div>
    );
  const { choice, index } = row;
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus -- the search field has the focus and hears the keys
    <div
      id={`${id}-${index}`}
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- an option element holds no picture
      role="option"
      aria-selected={choice.value === chosen}
      aria-posinset={index + 1}
      aria-setsize={count}
      title={model?.unusable ?? choice.value}
      className={cx(css["option"], index === marked && css["marked"])}
      style={place}
      onPointerMove={() => index !== marked && mark(index)}
      onClick={() => take(choice.value)}
    >
      {picture !== null && <img src={picture} alt="" loading="lazy" decoding="async" className={css["picture"]} />}
      <span className={css["name"]}>
        {choice.name}
        <span className={css["soft"]}>{choice.suffix}</span>
      </span>
      {model?.unusable && <TriangleAlert size={12} className={css["alarm"]} />}
      {model?.title && <span className={css["family"]}>{model.title}</span>}
      {choice.value === chosen && <Check size={14} className={css["check"]} />}
    </div>
  );
}
