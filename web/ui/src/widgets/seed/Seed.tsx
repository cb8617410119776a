import { Dices } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { graphOf } from "~/core/document";
import { graphIn } from "~/core/draft";
import { type Control, controlOf, nextSeed, seedLimits, setControl } from "~/core/seed";
import { useDoc } from "~/stores/doc";
import { scopeOf, useUi } from "~/stores/ui";
import { tip } from "~/ui/Tooltip";
import { cx } from "~/ui/cx";
import { Row, rowParts } from "../frame/Row";
import { useWheel } from "../frame/useWheel";
import { fieldKeys } from "../number/fieldKeys";
import { useNumber } from "../number/useNumber";
import type { WidgetProps } from "../registry";
import { SeedMenu } from "./SeedMenu";
import css from "./Seed.module.css";

/** Digits from which on a seed is written smaller, to be read whole. */
const LONG = 16;
const KEYS: Readonly<Record<string, Control>> = { ArrowUp: "increment", ArrowDown: "decrement" };

/** A seed of 64 bits: dice, what becomes of it after each run, and the ones that were used before. */
export function Seed(props: WidgetProps) {
  const { def, name, node, value, disabled, label, describedBy, bare } = props;
  const { t } = useTranslation("widgets");
  const shown = useUi((s) => scopeOf(s.path));
  const scope = props.scope === undefined ? shown : props.scope;
  const control = useDoc((s) => controlOf(graphOf(s.doc, scope).nodes[node], name));
  const row = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState(false);
  const field = useNumber(props);
  const [min, max] = seedLimits(def);
  const next = (how: Control) => field.set(nextSeed(how, value ?? def.default, max, undefined, min));
  useWheel(row, focused && !disabled, (by) => next(by < 0 ? "increment" : "decrement"));

  const choose = (chosen: Control) =>
    useDoc.getState().edit({ key: "widgets:edit.control" }, (d) => {
      const there = graphIn(d, scope)?.nodes[node];
      if (there) setControl(there, name, chosen);
    });
  const key = fieldKeys(field, (event) => {
    const how = KEYS[event.key];
    if (how) next(how);
    return how !== undefined;
  });

  return (
    <Row
      ref={row}
      label={label}
      bare={bare}
      disabled={disabled}
      wrong={field.wrong}
      note={field.note}
      className={cx(css["seed"], focused && "nowheel")}
    >
      <input
        type="text"
        inputMode="numeric"
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        aria-describedby={describedBy}
        aria-invalid={field.wrong || undefined}
        disabled={disabled}
        value={field.text}
        // A seed is read whole: the label gives way to it.
        style={{ minWidth: `min(${field.text.length}ch, calc(100% - 70px))` }}
        className={cx(rowParts.field, field.text.length > LONG && css["long"])}
        onFocus={(event) => {
          setFocused(true);
          field.focus();
          event.currentTarget.select();
        }}
        onBlur={() => {
          setFocused(false);
          field.blur();
        }}
        onChange={(event) => field.type(event.target.value)}
        onKeyDown={key}
      />
      <button
        type="button"
        {...tip(t("seed.dice"))}
        aria-label={t("seed.diceOf", { label })}
        disabled={disabled}
        className={rowParts.small}
        onClick={() => next("randomize")}
      >
        <Dices size={14} />
      </button>
      <SeedMenu
        label={label}
        place={{ scope, node, input: name }}
        {...{ control, disabled, choose }}
        recall={field.set}
      />
    </Row>
  );
}
