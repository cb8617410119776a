import { ListChecks } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { graphOf } from "~/core/document";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { prefixOf, scopeOf, useUi } from "~/stores/ui";
import { cx } from "~/ui/cx";
import { tip } from "~/ui/Tooltip";
import { undoKeys } from "../frame/undoKeys";
import { useMirror } from "../frame/useMirror";
import type { WidgetProps } from "../registry";
import { textOf } from "../text/Text";
import { type Constant, constantsAbove } from "./constants";
import { Suggestions } from "./Suggestions";
import css from "./Axis.module.css";

/** The input beside it that says what the values are for: of "x_values" it is "x_input". */
const inputOf = (name: string): string => name.replace(/values$/, "input");

/** The values of an axis: a text, and beside it a button that offers what the chosen input takes. */
export function AxisValues(props: WidgetProps) {
  const { node, name, def, value, disabled, label, describedBy, bare, change } = props;
  const { t } = useTranslation("widgets");
  const [text, type] = useMirror(textOf(value ?? def.default), change);
  const [open, setOpen] = useState<{ readonly anchor: Element; readonly of: Constant | null } | null>(null);

  const offer = (anchor: Element) => {
    const { path } = useUi.getState();
    const { doc } = useDoc.getState();
    const scope = props.scope === undefined ? scopeOf(path) : props.scope;
    const target = textOf(graphOf(doc, scope).nodes[node]?.values[inputOf(name)]);
    const prefix = props.scope === undefined ? prefixOf(path) : "";
    const found = constantsAbove(doc, useServer.getState().registry, prefix + node);
    setOpen({ anchor, of: found.find((constant) => constant.target === target) ?? null });
  };

  return (
    <div className={cx("nodrag nopan", css["values"], disabled && css["disabled"])}>
      <textarea
        aria-label={label}
        aria-describedby={describedBy}
        disabled={disabled}
        placeholder={bare ? t("axis.example") : `${label}: ${t("axis.example")}`}
        spellCheck={false}
        value={text}
        className={cx("nowheel", css["text"])}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing || undoKeys(event) || event.key !== "Escape") return;
          event.stopPropagation();
          event.currentTarget.blur();
        }}
      />
      {!disabled && (
        <button
          type="button"
          {...tip(t("axis.offer"))}
          aria-label={t("axis.offerOf", { label })}
          aria-haspopup="dialog"
          aria-expanded={open !== null}
          className={css["offer"]}
          onClick={(event) => (open ? setOpen(null) : offer(event.currentTarget))}
        >
          <ListChecks size={14} />
        </button>
      )}
      {open && (
        <Suggestions
          anchor={open.anchor}
          label={label}
          of={open.of}
          text={text}
          type={type}
          close={() => setOpen(null)}
        />
      )}
    </div>
  );
}
