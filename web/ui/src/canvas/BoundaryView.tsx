import type { NodeProps } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { ROW } from "~/core/geometry";
import { useUi } from "~/stores/ui";
import styles from "./BoundaryView.module.css";
import { Socket, socketName } from "./Socket";
import type { BoundaryFlow } from "./flow";
import { nameId } from "./project";

const has = (joined: string, one: string | number) => joined.split(" ").includes(String(one));

/** The inputs or the outputs of the subgraph that is looked into; its last, empty socket makes a new one. */
export const BoundaryView = memo(function BoundaryView({ id, data, selected }: NodeProps<BoundaryFlow>) {
  const { t } = useTranslation("canvas");
  const readOnly = useUi((s) => s.readOnly);
  const { side, type, shape, used, fed } = data;
  const fresh = t("boundary.fresh");
  const names = side === "in" ? type.outputs.map((o) => o.name) : Object.values(type.inputs).map((i) => i.label ?? "");
  const sockets = side === "in" ? shape.outputs : shape.inputs;
  const types = side === "in" ? type.outputs.map((o) => o.type) : Object.values(type.inputs).map((i) => i.type);
  return (
    <div className={styles["boundary"]} data-side={side} data-selected={selected}>
      <header className={styles["header"]} id={nameId(id)}>
        {t(`boundary.${side}`)}
      </header>
      {sockets.map(({ at }, index) => (
        <div key={names[index] || "fresh"}>
          <span className={styles["label"]} data-fresh={!names[index]} style={{ top: at[1] - ROW / 2 }}>
            {names[index] || fresh}
          </span>
          <Socket
            node={id}
            socket={side === "in" ? index : String(index)}
            type={types[index] ?? "*"}
            name={socketName(
              t,
              side === "in" ? "output" : "input",
              names[index] || fresh,
              types[index] ?? "*",
              side === "in" ? has(used, index) : has(fed, index),
            )}
            y={at[1]}
            linked={side === "in" ? has(used, index) : has(fed, index)}
            readOnly={readOnly}
          />
        </div>
      ))}
    </div>
  );
});
