import { X } from "lucide-react";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { prefixOf, useUi } from "~/stores/ui";
import { cx } from "~/ui/cx";
import { tip } from "~/ui/Tooltip";
import { ComboList } from "../combo/ComboList";
import type { Model } from "../combo/models";
import { Opener, valueClass } from "../combo/Opener";
import { Row, rowParts } from "../frame/Row";
import { undoKeys } from "../frame/undoKeys";
import { useNote } from "../frame/useNote";
import type { WidgetProps } from "../registry";
import { textOf } from "../text/Text";
import { constantsAbove } from "./constants";
import css from "./Axis.module.css";

interface Opened {
  readonly anchor: Element;
  readonly query: string;
  readonly targets: readonly string[];
}

const NO_MODELS: ReadonlyMap<string, Model> = new Map();

/** What an axis changes: press to choose one of the constants of the nodes above, type to search them. */
export function AxisInput({ node, scope, def, value, disabled, label, describedBy, bare, change }: WidgetProps) {
  const { t } = useTranslation("widgets");
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState<Opened | null>(null);
  const [note, say] = useNote();
  const chosen = textOf(value ?? def.default);

  const show = (anchor: Element, query: string) => {
    const prefix = scope === undefined ? prefixOf(useUi.getState().path) : "";
    const found = constantsAbove(useDoc.getState().doc, useServer.getState().registry, prefix + node);
    const targets = found.map((constant) => constant.target);
    if (targets.length) setOpen({ anchor: anchor.parentElement ?? anchor, query, targets });
    else say(t("axis.nothing"));
  };
  const key = (event: KeyboardEvent<HTMLButtonElement>) => {
    if (undoKeys(event)) return;
    const typed = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Delete" || event.key === "Backspace") change("");
    else if (typed || event.key === "ArrowDown") show(event.currentTarget, typed ? event.key : "");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <Row label={label} bare={bare} disabled={disabled} note={note}>
      <Opener
        ref={button}
        list={`${id}-list`}
        label={label}
        describedBy={describedBy}
        open={open !== null}
        disabled={disabled}
        title={chosen}
        onClick={(event) => (open ? setOpen(null) : show(event.currentTarget, ""))}
        onKeyDown={key}
      >
        <span className={cx(valueClass, !chosen && css["none"])}>{chosen || t("axis.none")}</span>
      </Opener>
      {chosen && !disabled && (
        <button
          type="button"
          {...tip(t("axis.clear"))}
          aria-label={t("axis.clearOf", { label })}
          className={rowParts.small}
          onClick={() => change("")}
        >
          <X size={12} />
        </button>
      )}
      {open && (
        <ComboList
          anchor={open.anchor}
          id={id}
          label={label}
          options={open.targets}
          chosen={chosen}
          missing={chosen !== "" && !open.targets.includes(chosen)}
          models={NO_MODELS}
          query={open.query}
          choose={change}
          close={() => {
            setOpen(null);
            button.current?.focus();
          }}
        />
      )}
    </Row>
  );
}
