import { ArrowDown, ArrowUp, GripVertical, X } from "lucide-react";
import { type DragEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { FormItem } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { IconButton } from "~/ui/Button";
import { cx } from "~/ui/cx";
import { TextField } from "~/ui/TextField";
import { editForm, relabelled, reordered, without } from "./edits";
import css from "./EditList.module.css";
import { inputName, nameOf } from "./items";

const MOVED = "application/x-inkwater-form";

/** The entries as they are chosen, called and ordered: by dragging, or by the buttons. */
export function EditList({ items }: { readonly items: readonly FormItem[] }) {
  const { t } = useTranslation("form");
  const list = useRef<HTMLOListElement>(null);
  const [over, setOver] = useState<number | null>(null);
  const [from, setFrom] = useState<number | null>(null);
  const move = (at: number, to: number) => {
    if (at === to || to < 0 || to >= items.length) return;
    editForm("move", (form) => reordered(form, at, to));
    const way = to < at ? "up" : "down";
    requestAnimationFrame(() => {
      const row = list.current?.children[to];
      const button = row?.querySelector<HTMLButtonElement>(`[data-way="${way}"]:not(:disabled)`);
      (button ?? row?.querySelector<HTMLButtonElement>("[data-way]:not(:disabled)"))?.focus();
    });
  };
  const end = () => {
    setFrom(null);
    setOver(null);
  };
  return (
    <ol ref={list} className={css["list"]} aria-label={t("fields")}>
      {items.map((item, n) => (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a place to drop; the buttons move too
        <li
          key={`${item.node} ${item.input}`}
          className={cx(css["row"], from === n && css["lifted"], over === n && from !== n && css["over"])}
          onDragOver={(event) => {
            if (from === null) return;
            event.preventDefault();
            setOver(n);
          }}
          onDrop={(event) => {
            event.preventDefault();
            if (from !== null) move(from, n);
            end();
          }}
        >
          <span
            className={css["grip"]}
            draggable
            onDragStart={(event: DragEvent) => {
              event.dataTransfer.setData(MOVED, String(n));
              event.dataTransfer.effectAllowed = "move";
              setFrom(n);
            }}
            onDragEnd={end}
            aria-hidden
          >
            <GripVertical size={16} />
          </span>
          <EditRow item={item} at={n} last={n === items.length - 1} move={(to) => move(n, to)} />
        </li>
      ))}
    </ol>
  );
}

interface RowProps {
  readonly item: FormItem;
  readonly at: number;
  readonly last: boolean;
  move(to: number): void;
}

function EditRow({ item, at, last, move }: RowProps) {
  const { t } = useTranslation("form");
  const registry = useServer((s) => s.registry);
  const name = useDoc((s) => inputName(s.doc, registry, { node: item.node, input: item.input }));
  const node = useDoc((s) => nameOf(s.doc, registry, item.node));
  const shown = { name: item.label ?? name, node };
  const relabel = (label: string) =>
    editForm("label", (form) => relabelled(form, at, label), undefined, `form ${item.node} ${item.input}`);
  return (
    <>
      <TextField
        label={t("labelOf", { name, node })}
        className={css["name"]}
        value={item.label ?? ""}
        placeholder={name}
        change={relabel}
      />
      <IconButton
        small
        icon={ArrowUp}
        label={t("up", shown)}
        disabled={at === 0}
        onClick={() => move(at - 1)}
        data-way="up"
      />
      <IconButton
        small
        icon={ArrowDown}
        label={t("down", shown)}
        disabled={last}
        onClick={() => move(at + 1)}
        data-way="down"
      />
      <IconButton
        small
        icon={X}
        label={t("remove", shown)}
        onClick={() => editForm("remove", (form) => without(form, item.node, item.input), { name })}
      />
    </>
  );
}
