import { Link2, ListPlus, ListX, RotateCcw, Unlink } from "lucide-react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { useShallow } from "zustand/react/shallow";
import { SocketDot } from "~/canvas/SocketDot";
import { graphOf } from "~/core/document";
import { hasWidget } from "~/core/names";
import type { InputDef, NodeType } from "~/core/types";
import { sourceOf } from "~/core/wires";
import { isInForm, toggleInForm } from "~/form/edits";
import { inputHelp } from "~/i18n/nodes";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { scopeOf, useUi } from "~/stores/ui";
import { IconButton } from "~/ui/Button";
import { tip } from "~/ui/Tooltip";
import { widgetFor } from "~/widgets/registry";
import { cut, resetInput, setInput } from "./actions";
import { openConnect } from "./connecting";
import { Problems } from "./Details";
import { Jump } from "./Jump";
import { inName } from "./names";
import css from "./Outline.module.css";
import type { Row } from "./tree";

interface Props {
  readonly row: Row;
  readonly type: NodeType;
}

/** All inputs of a node: where each gets its value from, and what to do about it. */
export function Inputs({ row, type }: Props) {
  const { t } = useTranslation("outline");
  const entries = Object.entries(type.inputs);
  if (!entries.length) return null;
  return (
    <fieldset aria-label={t("inputs")}>
      <h4 className={css["part"]}>{t("inputs")}</h4>
      {entries.map(([name, def]) => (
        <Input key={name} row={row} type={type} name={name} def={def} />
      ))}
    </fieldset>
  );
}

interface InputProps extends Props {
  readonly name: string;
  readonly def: InputDef;
}

function Input({ row, type, name, def }: InputProps) {
  const { t } = useTranslation("outline");
  const id = useId();
  const readOnly = useUi((s) => s.readOnly);
  const scope = scopeOf(row.path);
  const from = useDoc(useShallow((s) => sourceOf(s.doc, scope, row.id, name)));
  const all = useRun((s) => s.problems[row.key]);
  const problems = all?.filter((p) => p.input === name) ?? [];
  const label = inName(type, name);
  const typed = hasWidget(def) && !from;
  return (
    <fieldset className={css["input"]} aria-label={label}>
      <div className={css["line"]}>
        <SocketDot type={def.type} />
        <span className={css["label"]} {...tip(inputHelp(type, name))}>
          {label}
          {def.required && !typed && !from && <span className={css["needed"]}>{t("needed")}</span>}
        </span>
        {typed && <ValueTools row={row} name={name} label={label} />}
        {from && (
          <IconButton
            small
            icon={Unlink}
            label={t("disconnect", { name: label })}
            disabled={readOnly}
            onClick={() => cut(scope, row.id, name)}
          />
        )}
        <IconButton
          small
          icon={Link2}
          label={t("connectInput", { name: label })}
          disabled={readOnly}
          onClick={() => openConnect({ scope, from: { node: row.id, input: name } })}
        />
      </div>
      {from && (
        <p className={css["from"]}>
          <Jump path={row.path} node={from.node} output={from.output} />
        </p>
      )}
      {typed && (
        <Value
          row={row}
          type={type}
          name={name}
          def={def}
          label={label}
          describedBy={problems.length ? id : undefined}
        />
      )}
      <Problems problems={problems} id={id} />
    </fieldset>
  );
}

interface ValueProps extends InputProps {
  readonly label: string;
  readonly describedBy: string | undefined;
}

/** The same control that the canvas has. */
function Value({ row, type, name, def, label, describedBy }: ValueProps) {
  const readOnly = useUi((s) => s.readOnly);
  const scope = scopeOf(row.path);
  const value = useDoc((s) => graphOf(s.doc, scope).nodes[row.id]?.values[name]);
  const Widget = widgetFor(def, name, type.name)?.component;
  if (!Widget) return null;
  return (
    <div className={css["widget"]}>
      <Widget
        node={row.id}
        scope={scope}
        name={name}
        def={def}
        value={value}
        disabled={readOnly}
        label={label}
        bare
        {...(describedBy !== undefined && { describedBy })}
        change={(next) => setInput(scope, row.id, name, next)}
      />
    </div>
  );
}

/** Back to the default; into the form and out of it (the form is about the top graph). */
function ValueTools({ row, name, label }: { readonly row: Row; readonly name: string; readonly label: string }) {
  const { t } = useTranslation("outline");
  const readOnly = useUi((s) => s.readOnly);
  const scope = scopeOf(row.path);
  const set = useDoc((s) => name in (graphOf(s.doc, scope).nodes[row.id]?.values ?? {}));
  const shown = useDoc((s) => isInForm(s.doc, row.id, name));
  return (
    <>
      {set && (
        <IconButton
          small
          icon={RotateCcw}
          label={t("reset", { name: label })}
          disabled={readOnly}
          onClick={() => resetInput(scope, row.id, name)}
        />
      )}
      {scope === null && (
        <IconButton
          small
          icon={shown ? ListX : ListPlus}
          label={t(shown ? "outOfForm" : "intoForm", { name: label })}
          pressed={shown}
          disabled={readOnly}
          onClick={() => toggleInForm(row.id, name)}
        />
      )}
    </>
  );
}
