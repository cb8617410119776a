import { Search } from "lucide-react";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { cx } from "~/ui/cx";
import { Popover } from "~/ui/Popover";
import { ListRowView } from "./ListRowView";
import { type Model, pictureOf } from "./models";
import { near } from "./near";
import { choiceOf, drawn, filtered, listing, PICTURE_ROW, PLAIN_ROW, scrolledTo, SEEN } from "./rows";
import css from "./Combo.module.css";

interface ComboListProps {
  /** What the ids of its parts begin with. */
  readonly id: string;
  readonly anchor: Element;
  readonly label: string;
  /** Of the files, if they are files. */
  readonly kind?: string;
  readonly options: readonly string[];
  readonly chosen: string;
  readonly missing: boolean;
  readonly models: ReadonlyMap<string, Model>;
  /** What was typed to open it. */
  readonly query: string;
  choose(value: string): void;
  close(): void;
}

/** Fewer choices than this need no field to search them; keys search all the same. */
const FEW = 8;

/** The open list of a combo, with its search field. The focus stays in the field; arrows move the mark. */
export function ComboList(props: ComboListProps) {
  const { id, anchor, label, kind, options, chosen, missing, models, choose, close } = props;
  const { t } = useTranslation("widgets");
  const list = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState(props.query);
  const [top, setTop] = useState(0);
  const found = useMemo(() => {
    const choices = options.map((option) => choiceOf(option, kind !== undefined));
    const tall = kind !== undefined && options.some((option) => pictureOf(kind, option, models));
    return listing(filtered(choices, query), tall ? PICTURE_ROW : PLAIN_ROW, !query.trim());
  }, [options, kind, models, query]);
  const at = found.choices.findIndex((choice) => choice.value === chosen);
  const [marked, setMarked] = useState(Math.max(0, props.query ? 0 : at));
  const likely = useMemo(() => (missing && !query ? near(chosen, options) : []), [missing, query, chosen, options]);

  const rowAt = (index: number) => found.rows.find((row) => row.kind === "choice" && row.index === index);
  const reveal = (index: number) => {
    const row = rowAt(index);
    if (row && list.current) list.current.scrollTop = scrolledTo(row, list.current.scrollTop);
  };
  useEffect(() => {
    const row = rowAt(marked);
    if (row && list.current) list.current.scrollTop = Math.max(0, row.top - SEEN / 2);
    // Once, when it opens: later the mark is followed step by step.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);

  const mark = (index: number) => {
    const inside = Math.max(0, Math.min(found.choices.length - 1, index));
    setMarked(inside);
    reveal(inside);
  };
  const take = (value: string | undefined) => {
    if (value === undefined) return;
    close();
    if (value !== chosen) choose(value);
  };
  const key = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const steps: Record<string, number> = {
      ArrowDown: marked + 1,
      ArrowUp: marked - 1,
      PageDown: marked + 8,
      PageUp: marked - 8,
      ...(event.ctrlKey && { Home: 0, End: found.choices.length - 1 }),
    };
    const next = steps[event.key];
    if (next !== undefined) mark(next);
    else if (event.key === "Enter") take(found.choices[marked]?.value);
    else if (event.key === "Tab") close();
    else return void event.stopPropagation();
    event.stopPropagation();
    event.preventDefault();
  };

  return (
    <Popover anchor={anchor} label={label} className={cx("nowheel", css["popover"])} onKeyDown={key} close={close}>
      <div className={options.length < FEW ? css["searchless"] : css["search"]}>
        <Search size={14} />
        <input
          type="text"
          role="combobox"
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- the list was opened to choose from it
          autoFocus
          autoComplete="off"
          spellCheck={false}
          aria-label={t("combo.search", { label })}
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={found.choices.length ? `${id}-${marked}` : undefined}
          placeholder={t("combo.find", { count: options.length })}
          value={query}
          className={css["query"]}
          onChange={(event) => {
            setQuery(event.target.value);
            setMarked(0);
            if (list.current) list.current.scrollTop = 0;
          }}
        />
      </div>
      {missing && !query && (
        <div className={css["absent"]}>
          <p>{t("combo.absent", { name: chosen })}</p>
          {likely.length > 0 && <p className={css["soft"]}>{t("combo.near")}</p>}
          {likely.map((name) => (
            <button key={name} type="button" className={css["nearName"]} onClick={() => take(name)}>
              {name}
            </button>
          ))}
        </div>
      )}
      <div
        ref={list}
        id={`${id}-list`}
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a select draws no pictures and cannot be searched
        role="listbox"
        aria-label={label}
        tabIndex={-1}
        className={css["list"]}
        style={{ height: Math.min(found.height, SEEN) }}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <div role="presentation" style={{ height: found.height }}>
          {drawn(found.rows, top).map((row) => (
            <ListRowView
              key={row.kind === "group" ? `[${row.title}]` : row.choice.value}
              row={row}
              id={id}
              count={found.choices.length}
              chosen={chosen}
              marked={marked}
              model={row.kind === "choice" ? models.get(row.choice.value) : undefined}
              picture={row.kind === "choice" ? pictureOf(kind, row.choice.value, models) : null}
              mark={setMarked}
              take={take}
            />
          ))}
        </div>
      </div>
      {!found.choices.length && (
        <p className={css["empty"]}>
          {options.length ? t("combo.nothing") : t("combo.noFiles", { kind: kind ?? label })}
        </p>
      )}
    </Popover>
  );
}
