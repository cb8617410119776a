import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import { Popover } from "~/ui/Popover";
import { TextField } from "~/ui/TextField";
import { useOptions } from "../combo/Combo";
import { choiceOf, filtered } from "../combo/rows";
import { textOf } from "../text/Text";
import type { Constant } from "./constants";
import { kindOf, listed, rangeText, toggled, withMore } from "./values";
import css from "./Axis.module.css";

interface Props {
  readonly anchor: Element;
  readonly label: string;
  /** What the axis changes; null: nothing is chosen yet. */
  readonly of: Constant | null;
  readonly text: string;
  type(text: string): void;
  close(): void;
}

/** What the input of an axis takes: its choices to tick, a range of numbers, both truths, or how text is written. */
export function Suggestions({ anchor, label, of, text, type, close }: Props) {
  const { t } = useTranslation("widgets");
  const kind = of && kindOf(of.def);
  return (
    <Popover anchor={anchor} label={t("axis.offerOf", { label })} className={css["popover"]} close={close}>
      {of && <p className={css["target"]}>{of.target}</p>}
      {of === null && <p className={css["hint"]}>{t("axis.choose")}</p>}
      {of && kind === "options" && <Checklist of={of} text={text} type={type} />}
      {of && kind === "numbers" && <Range of={of} text={text} type={type} />}
      {kind === "truth" && (
        <Button small onClick={() => type("true, false")}>
          {t("axis.both")}
        </Button>
      )}
      {kind === "text" && <p className={css["hint"]}>{t("axis.lines")}</p>}
    </Popover>
  );
}

/** Choices that are many are searched. */
const MANY = 8;

interface PartProps extends Pick<Props, "text" | "type"> {
  readonly of: Constant;
}

function Checklist({ of, text, type }: PartProps) {
  const { t } = useTranslation("widgets");
  const options = useOptions(of.def);
  const [query, setQuery] = useState("");
  const chosen = new Set(listed(text));
  const file = of.def.file !== undefined;
  const found = filtered(
    options.map((option) => choiceOf(option, file)),
    query,
  );
  return (
    <>
      {options.length > MANY && (
        <TextField
          label={t("axis.search")}
          bare
          placeholder={t("combo.find", { count: options.length })}
          value={query}
          change={setQuery}
        />
      )}
      <ul className={`${css["choices"]} nowheel`}>
        {found.map(({ value }) => (
          <li key={value}>
            <label className={css["choice"]}>
              <input type="checkbox" checked={chosen.has(value)} onChange={() => type(toggled(text, value))} />
              <span>{value}</span>
            </label>
          </li>
        ))}
      </ul>
      {!found.length && <p className={css["hint"]}>{t("combo.nothing")}</p>}
    </>
  );
}

function Range({ of, text, type }: PartProps) {
  const { t } = useTranslation("widgets");
  const [first, setFirst] = useState(textOf(of.value));
  const [last, setLast] = useState("");
  const [step, setStep] = useState("");
  const range = rangeText(first, last, step, of.def.type);
  return (
    <>
      <div className={css["range"]}>
        <TextField label={t("axis.from")} inputMode="decimal" value={first} change={setFirst} />
        <TextField label={t("axis.to")} inputMode="decimal" value={last} change={setLast} data-first />
        <TextField label={t("axis.step")} inputMode="decimal" placeholder="1" value={step} change={setStep} />
      </div>
      <Button small disabled={range === null} onClick={() => range !== null && type(withMore(text, range))}>
        {range === null ? t("axis.range") : t("axis.add", { range })}
      </Button>
    </>
  );
}
