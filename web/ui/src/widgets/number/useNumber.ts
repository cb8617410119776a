import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { evaluate } from "~/core/expression";
import type { WidgetProps } from "../registry";
import { useNote } from "../frame/useNote";
import { type Adjusted, fit, limitsOf, moved, numberOf, type Pace, shown } from "./value";

/** What a number field shows and does, whatever it looks like. */
export function useNumber({ def, value, change }: Pick<WidgetProps, "def" | "value" | "change">) {
  const { t } = useTranslation("widgets");
  const limits = limitsOf(def);
  const number = numberOf(value, def);
  const [draft, setDraft] = useState<string | null>(null);
  const [note, setNote] = useNote();
  const before = useRef(value);

  const tellAdjusted = (adjusted: Adjusted) =>
    setNote(
      adjusted
        ? t(`number.${adjusted}`, { min: limits.min ?? "", max: limits.max ?? "", step: limits.step })
        : undefined,
    );

  /** Take what was typed, as far as it fits; says whether it could be read. */
  const take = (text: string, final: boolean): boolean => {
    const outcome = evaluate(text);
    if (!outcome.ok) {
      if (final) setNote(t(outcome.error.key, { ...outcome.error.args }));
      return false;
    }
    const fitted = fit(outcome.value, limits);
    if (final) tellAdjusted(fitted.adjusted);
    if ((final || !fitted.adjusted) && fitted.value !== value) change(fitted.value);
    return true;
  };

  /** A value that was not typed takes the place of what is being typed. */
  const set = (next: number | string) => {
    setDraft(null);
    if (next !== value) change(next);
  };

  return {
    limits,
    number,
    text: draft ?? shown(number),
    wrong: draft !== null && draft.trim() !== "" && !evaluate(draft).ok,
    note,
    focus: () => {
      before.current = value;
    },
    type: (text: string) => {
      setDraft(text);
      take(text, false);
    },
    /** Enter: the sum becomes its value; what cannot be read stays to be mended. */
    enter: () => {
      if (draft === null || take(draft, true)) setDraft(null);
    },
    blur: () => {
      if (draft !== null) take(draft, true);
      setDraft(null);
    },
    /** Escape: back to what it was when the field was entered. */
    revert: () => {
      setDraft(null);
      if (before.current !== value) change(before.current ?? def.default ?? 0);
    },
    step: (count: number, pace: Pace) => set(moved(number, count, limits, pace)),
    set,
  };
}
