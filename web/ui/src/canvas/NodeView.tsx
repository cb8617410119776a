import type { NodeProps } from "@xyflow/react";
import { type CSSProperties, memo } from "react";
import { useTranslation } from "react-i18next";
import { labelOf } from "~/i18n/nodes";
import { markOf, useDiff } from "~/stores/diff";
import { scopeOf, useUi } from "~/stores/ui";
import { NodeHeader } from "./NodeHeader";
import { NodeName } from "./NodeName";
import { NodeSockets } from "./NodeSockets";
import styles from "./NodeView.module.css";
import { NodeWidgets } from "./NodeWidgets";
import { Resizer } from "./Resizer";
import { Below, Shown } from "./NodeResults";
import { cssColor } from "./colors";
import type { NodeFlow } from "./flow";
import { useFullId, useNodeState } from "./runState";

type Props = NodeProps<NodeFlow>;

/** A node: header, sockets, widgets, results. Where everything lies is geometry.ts's business. */
export const NodeView = memo(function NodeView({ id, data, selected }: Props) {
  useTranslation("nodes"); // names of types, inputs and outputs
  const { node, type, shape } = data;
  const full = useFullId(id);
  const state = useNodeState(full);
  const readOnly = useUi((s) => s.readOnly);
  const mark = useDiff((s) => s.against && markOf(s, scopeOf(useUi.getState().path), id));
  const pigment = cssColor(node.color);
  const title = node.title ?? labelOf(type);
  return (
    <div
      className={styles["node"]}
      data-state={state}
      data-mode={node.mode}
      data-unknown={type.unknown}
      data-collapsed={node.collapsed}
      data-selected={selected}
      data-diff={mark ?? undefined}
      data-tinted={pigment === null ? undefined : ""}
      style={pigment === null ? undefined : ({ "--pigment": pigment } as CSSProperties)}
    >
      <NodeName id={id} full={full} title={title} node={node} unknown={type.unknown === true} />
      <NodeHeader id={id} full={full} title={title} node={node} type={type} readOnly={readOnly} />
      <NodeSockets id={id} full={full} data={data} readOnly={readOnly} />
      {!node.collapsed && <NodeWidgets id={id} full={full} data={data} readOnly={readOnly} />}
      {shape.shown && <Shown full={full} place={shape.shown} />}
      <Below full={full} type={type} />
      {!node.collapsed && !readOnly && <Resizer id={id} kind="node" />}
    </div>
  );
}, sameNode);

/** Where it lies is its wrapper's business. */
function sameNode(a: Props, b: Props): boolean {
  return a.id === b.id && a.data === b.data && a.selected === b.selected;
}
