import { useId } from "react";
import { useTranslation } from "react-i18next";
import { graphOf } from "~/core/document";
import { hasWidget } from "~/core/names";
import { setValue } from "~/core/edits/nodes";
import type { FormItem, Json } from "~/core/types";
import { typeIn } from "~/core/validate";
import { inputHelp } from "~/i18n/nodes";
import { problemText } from "~/i18n/problems";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { useUi } from "~/stores/ui";
import { tip } from "~/ui/Tooltip";
import { widgetFor } from "~/widgets/registry";
import { inputName } from "./items";
import css from "./Form.module.css";

interface Props {
  readonly item: FormItem;
  /** What stands over it, if not its own name: that of its node, where it is the node's only entry. */
  readonly title?: string | undefined;
}

/** Type a value in, as the canvas does. */
function change({ node, input }: FormItem, name: string, value: Json): void {
  if (useUi.getState().readOnly) return;
  useDoc
    .getState()
    .edit(
      { key: "graph:edit.value", args: { name } },
      (d) => setValue(d, null, node, input, value),
      `value ${node} ${input}`,
    );
}

/** One entry: its label, the same control that the canvas has, and what is wrong. */
export function Field({ item, title }: Props) {
  const { t } = useTranslation("form");
  const id = useId();
  const { node, input } = item;
  const registry = useServer((s) => s.registry);
  const readOnly = useUi((s) => s.readOnly);
  const type = useDoc((s) => typeIn(s.doc, null, registry, node));
  const own = useDoc((s) => inputName(s.doc, registry, item));
  const value = useDoc((s) => graphOf(s.doc, null).nodes[node]?.values[input]);
  const linked = useDoc((s) => input in (graphOf(s.doc, null).nodes[node]?.links ?? {}));
  const all = useRun((s) => s.problems[node]);
  const problems = all?.filter((p) => p.input === input) ?? [];
  const def = type?.inputs[input];
  const label = title ?? own;
  const Widget = def && hasWidget(def) ? widgetFor(def, input, type.name)?.component : undefined;
  return (
    <div className={css["field"]} data-widget={def?.widget?.name ?? def?.type}>
      <span className={css["label"]} {...(type && tip(inputHelp(type, input)))}>
        {label}
      </span>
      {linked || !Widget || !def ? (
        <p className={css["gone"]}>{t(linked ? "linked" : "gone")}</p>
      ) : (
        <Widget
          node={node}
          scope={null}
          name={input}
          def={def}
          value={value}
          disabled={readOnly}
          label={label}
          bare
          {...(problems.length > 0 && { describedBy: id })}
          change={(next) => change(item, own, next)}
        />
      )}
      {problems.length > 0 && (
        <ul id={id} className={css["problems"]}>
          {problems.map((problem) => (
            <li key={problem.code + problem.message}>{problemText(problem)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
