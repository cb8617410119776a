import type { ConnectionLineComponentProps } from "@xyflow/react";
import { useSettings } from "~/stores/settings";
import styles from "./LinkView.module.css";
import { pathOf, pieces } from "./curve";
import type { AnyFlow } from "./flow";
import { socketLook } from "./sockets";
import { useCanvas } from "./store";

/** The link in the air. */
export function ConnectionLine(props: ConnectionLineComponentProps<AnyFlow>) {
  const { fromX, fromY, toX, toY, fromHandle, connectionStatus } = props;
  const type = useCanvas((s) => s.linking?.type ?? "*");
  const course = useSettings((s) => (s.links === "hidden" ? "curve" : s.links));
  const [from, to] = [[fromX, fromY] as const, [toX, toY] as const];
  const some = fromHandle.type === "source" ? pieces(from, to, [], course) : pieces(to, from, [], course);
  const path = pathOf(some, course);
  return (
    <g className={styles["link"]} data-still={connectionStatus === "invalid"} style={{ color: socketLook(type).color }}>
      <path className={styles["ground"]} d={path} />
      <path className={styles["line"]} d={path} />
    </g>
  );
}
