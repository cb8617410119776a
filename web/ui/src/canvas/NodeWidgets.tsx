import type { FocusEvent } from "react";
import { setValue } from "~/core/edits/nodes";
import type { Json } from "~/core/types";
import { inputLabel } from "~/i18n/nodes";
import { useRun } from "~/stores/run";
import { widgetFor } from "~/widgets/registry";
import styles from "./NodeWidgets.module.css";
import { change, here } from "./edit";
import type { NodeData } from "./flow";

interface Props {
  readonly id: string;
  readonly full: string;
  readonly data: NodeData;
  readonly readOnly: boolean;
}

/** The controls of a node, each in the box that geometry.ts gave it. */
export function NodeWidgets({ id, full, data, readOnly }: Props) {
  return data.shape.widgets.map((place) => (
    <div
      key={place.name}
      className={`${styles["widget"]} nodrag`}
      style={{ top: place.top, height: place.height }}
      onFocus={keepWheel}
      onBlur={giveWheel}
    >
      <Widget id={id} full={full} name={place.name} data={data} readOnly={readOnly} />
    </div>
  ));
}

/** The wheel scrolls a box that has the focus; otherwise it zooms the canvas. */
const keepWheel = (event: FocusEvent<HTMLElement>) => event.currentTarget.classList.add("nowheel");
const giveWheel = (event: FocusEvent<HTMLElement>) => event.currentTarget.classList.remove("nowheel");

function Widget({ id, full, name, data, readOnly }: Props & { name: string }) {
  const { node, type, fed } = data;
  const wrong = useRun((s) => s.problems[full]?.some((p) => p.input === name && p.severity === "error") === true);
  const def = type.inputs[name];
  const kind = def && widgetFor(def, name, type.name);
  if (!kind) return null;
  const Component = kind.component;
  const label = inputLabel(type, name);
  const save = (value: Json) => setInput(id, name, value, label);
  return (
    <div className={styles["box"]} data-wrong={wrong}>
      <Component
        node={id}
        name={name}
        def={def}
        value={node.values[name] ?? def.default}
        disabled={readOnly || name in node.links || fed.split(" ").includes(name)}
        label={label}
        {...(wrong && { describedBy: `trouble-${id}-${name}` })}
        change={save}
      />
    </div>
  );
}

/** Type a value in; key strokes in one box are undone together. */
function setInput(id: string, name: string, value: Json, label: string): void {
  change(
    "value",
    (d, scope) => setValue(d, scope, id, name, value),
    { name: label },
    `value ${here().prefix}${id} ${name}`,
  );
}
