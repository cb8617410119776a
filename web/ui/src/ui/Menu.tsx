import { Check, ChevronRight } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Icon } from "./Button";
import { cx } from "./cx";
import { Kbd } from "./Kbd";
import { type Anchor, Popover } from "./Popover";
import type { Side } from "./place";
import css from "./Menu.module.css";

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly icon?: Icon;
  readonly keys?: string | undefined;
  readonly disabled?: boolean;
  readonly danger?: boolean;
  /** A choice that is on or off. */
  readonly checked?: boolean;
  /** A menu of its own. */
  readonly items?: readonly MenuEntry[];
  run?(): void;
}

/** "line" parts what stands before from what comes after. */
export type MenuEntry = MenuItem | "line";

interface MenuProps {
  readonly anchor: Anchor;
  readonly side?: Side;
  readonly label: string;
  readonly entries: readonly MenuEntry[];
  /** Put the focus on the first entry (opened by keyboard, or for good). */
  readonly focus?: boolean;
  /** It was left (Escape, a press elsewhere) or an entry was chosen. */
  close(chosen?: boolean): void;
}

const ITEMS = ":scope > [role^=menuitem]:not([aria-disabled=true])";

/** Focus a neighbour among the entries; by a typed letter, the next that begins with it. */
function move(menu: HTMLElement, event: KeyboardEvent): boolean {
  const items = [...menu.querySelectorAll<HTMLElement>(ITEMS)];
  const at = items.findIndex((item) => item === document.activeElement);
  const rest = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  const steps: Record<string, HTMLElement | undefined> = {
    ArrowDown: rest[0],
    ArrowUp: at < 0 ? items.at(-1) : items.at(at - 1),
    Home: items[0],
    End: items.at(-1),
  };
  const typed = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey;
  const letter = event.key.toLocaleLowerCase();
  const next = typed ? rest.find((item) => item.textContent?.toLocaleLowerCase().startsWith(letter)) : steps[event.key];
  next?.focus();
  return next !== undefined || event.key in steps;
}

/** A menu beside its anchor or at a point: arrows and letters move, Enter chooses, right opens what is inside. */
export function Menu({ anchor, side, label, entries, focus = true, close }: MenuProps) {
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<string | null>(null);
  useEffect(() => {
    if (focus) list.current?.querySelector<HTMLElement>(ITEMS)?.focus();
  }, [focus]);
  const key = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key === "Tab") close();
    else if (!list.current || !move(list.current, event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <Popover anchor={anchor} {...(side && { side })} label={label} role="menu" onKeyDown={key} close={() => close()}>
      <div ref={list} role="none" className={css["menu"]}>
        {entries.map((entry, i) =>
          entry === "line" ? (
            // oxlint-disable-next-line react/no-array-index-key -- a line has nothing else to be told by
            <hr key={`line ${i}`} className={css["line"]} />
          ) : (
            <Item key={entry.id} item={entry} open={open === entry.id} setOpen={setOpen} close={close} />
          ),
        )}
      </div>
    </Popover>
  );
}

interface ItemProps {
  readonly item: MenuItem;
  readonly open: boolean;
  setOpen(id: string | null): void;
  close(chosen?: boolean): void;
}

function Item({ item, open, setOpen, close }: ItemProps) {
  const [row, setRow] = useState<HTMLDivElement | null>(null);
  const choose = () => {
    if (item.disabled) return;
    if (item.items) return setOpen(item.id);
    close(true);
    item.run?.();
  };
  const key = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== row) return;
    const into = item.items && event.key === "ArrowRight";
    if (!into && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    choose();
  };
  const Mark = item.checked ? Check : item.icon;
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- it has one of two roles
    <div
      ref={setRow}
      role={item.checked === undefined ? "menuitem" : "menuitemcheckbox"}
      aria-checked={item.checked}
      aria-disabled={item.disabled || undefined}
      aria-haspopup={item.items && "menu"}
      aria-expanded={item.items && open}
      tabIndex={-1}
      className={cx(css["item"], item.danger && css["danger"])}
      onClick={(event) => row?.contains(event.target as Node) && choose()}
      onKeyDown={key}
      onPointerEnter={(event) => {
        if (event.pointerType === "touch") return;
        row?.focus();
        setOpen(item.items && !item.disabled ? item.id : null);
      }}
    >
      <span className={css["mark"]}>{Mark && <Mark size={14} />}</span>
      <span className={css["label"]}>{item.label}</span>
      {item.keys && <Kbd keys={item.keys} />}
      {item.items && <ChevronRight size={14} className={css["more"]} />}
      {open && item.items && row && <Inner row={row} item={item} setOpen={setOpen} close={close} />}
    </div>
  );
}

/** The menu inside an entry; left or Escape goes back. */
function Inner({ row, item, setOpen, close }: Omit<ItemProps, "open"> & { readonly row: Element }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events -- it only stops what rises
    <div
      onClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft") return;
        event.stopPropagation();
        setOpen(null);
        if (row instanceof HTMLElement) row.focus();
      }}
    >
      <Menu
        anchor={row}
        side="right"
        label={item.label}
        entries={item.items ?? []}
        close={(chosen) => (chosen ? close(true) : setOpen(null))}
      />
    </div>
  );
}
