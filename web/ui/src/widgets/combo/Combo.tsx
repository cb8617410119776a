import { TriangleAlert } from "lucide-react";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useServer } from "~/stores/server";
import { cx } from "~/ui/cx";
import { Row } from "../frame/Row";
import { undoKeys } from "../frame/undoKeys";
import type { WidgetProps } from "../registry";
import { textOf } from "../text/Text";
import { ComboList } from "./ComboList";
import { useModels } from "./models";
import { Opener, valueClass } from "./Opener";
import { choiceOf } from "./rows";
import css from "./Combo.module.css";

const NONE: readonly string[] = [];

/** The values that an input may have: of its list, or the server's files of its kind. */
export function useOptions(def: WidgetProps["def"]): readonly string[] {
  return useServer((s) => def.options ?? (def.file === undefined ? NONE : (s.files[def.file] ?? NONE)));
}

/** Whether a value is not in its list, once the list is known. */
export function useMissing(def: WidgetProps["def"], value: string): boolean {
  const options = useOptions(def);
  const known = useServer((s) => def.options !== undefined || s.ready);
  return known && value !== "" && !options.includes(value);
}

/** The list lies below the whole row. */
const rowOf = (button: Element): Element => button.parentElement ?? button;

/** One of a list: press to open it, type to search it, left and right go through it. */
export function Combo({ def, value, disabled, label, describedBy, bare, change }: WidgetProps) {
  const { t } = useTranslation("widgets");
  const options = useOptions(def);
  const chosen = textOf(value ?? def.default);
  const missing = useMissing(def, chosen);
  const models = useModels(def.file);
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState<{ readonly anchor: Element; readonly query: string } | null>(null);
  const close = () => {
    setOpen(null);
    button.current?.focus();
  };
  const choice = choiceOf(chosen, def.file !== undefined);
  const family = models.get(chosen)?.title;

  const key = (event: KeyboardEvent<HTMLButtonElement>) => {
    if (undoKeys(event)) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = step === undefined ? undefined : options[options.indexOf(chosen) + step];
    const typed = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    const opens = typed || event.key === "ArrowDown" || event.key === "ArrowUp";
    if (next !== undefined) change(next);
    else if (opens) setOpen({ anchor: rowOf(event.currentTarget), query: typed ? event.key : "" });
    else if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <Row label={label} bare={bare} disabled={disabled} wrong={missing}>
      <Opener
        ref={button}
        list={`${id}-list`}
        label={label}
        describedBy={describedBy}
        open={open !== null}
        wrong={missing}
        disabled={disabled}
        title={chosen}
        onClick={(event) => setOpen(open ? null : { anchor: rowOf(event.currentTarget), query: "" })}
        onKeyDown={key}
      >
        {missing && <TriangleAlert size={12} className={css["alarm"]} />}
        <span className={cx(valueClass, missing && css["missing"])}>
          {chosen === "" ? t("combo.none") : missing ? t("combo.missing", { name: chosen }) : choice.name}
        </span>
        {family && !missing && <span className={css["family"]}>{family}</span>}
      </Opener>
      {open && (
        <ComboList
          anchor={open.anchor}
          id={id}
          label={label}
          {...(def.file !== undefined && { kind: def.file })}
          options={options}
          chosen={chosen}
          missing={missing}
          models={models}
          query={open.query}
          choose={change}
          close={close}
        />
      )}
    </Row>
  );
}
