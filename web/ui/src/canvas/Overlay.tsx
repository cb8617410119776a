import { ViewportPortal } from "@xyflow/react";
import styles from "./Overlay.module.css";
import { useCanvas } from "./store";

/** What is drawn over the graph during a gesture: guides, the selection box, the cut. */
export function Overlay() {
  const guides = useCanvas((s) => s.guides);
  const box = useCanvas((s) => s.box);
  const cut = useCanvas((s) => s.cut);
  if (!guides.length && !box && !cut.length) return null;
  return (
    <ViewportPortal>
      <svg className={styles["overlay"]} aria-hidden="true">
        {guides.map(({ from, to }) => (
          <line key={`${from} ${to}`} className={styles["guide"]} x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} />
        ))}
        {box && <rect className={styles["box"]} {...box} />}
        {cut.length > 1 && <polyline className={styles["cut"]} points={cut.map((p) => p.join(",")).join(" ")} />}
      </svg>
    </ViewportPortal>
  );
}
