import type { EdgeProps } from "@xyflow/react";
import { type PointerEvent, memo } from "react";
import { moveReroute } from "~/core/edits/links";
import type { Point } from "~/core/types";
import { useSettings } from "~/stores/settings";
import styles from "./LinkView.module.css";
import { pathOf, pieces } from "./curve";
import { change } from "./edit";
import type { LinkFlow } from "./flow";
import { follow } from "./follow";
import { linkEnd } from "./ids";
import { openMenuAt } from "./menu";
import { SOCKET } from "./shapes";
import { socketLook } from "./sockets";
import { useCanvas } from "./store";

const HALF = SOCKET / 2;
const NONE: readonly Point[] = [];

/** A link: a curve in the colour of its type, with the points it is led over. React Flow gives the outer edges of its
 * two sockets; it ends in their middles. */
export const LinkView = memo(function LinkView(props: EdgeProps<LinkFlow>) {
  const { id, sourceX, sourceY, targetX, targetY, data, selected } = props;
  const course = useSettings((s) => s.links);
  const bent = useCanvas((s) => (s.bent?.link === id ? s.bent : null));
  const aimed = useCanvas((s) => s.target === id);
  if (!data) return null;
  const kept = data.link.points ?? NONE;
  const points = bent ? kept.with(bent.index, bent.at) : kept;
  const path = pathOf(pieces([sourceX - HALF, sourceY], [targetX + HALF, targetY], points, course), course);
  const hidden = course === "hidden" && !selected;
  return (
    <g
      className={styles["link"]}
      data-still={data.still}
      data-selected={selected}
      data-aimed={aimed}
      data-hidden={hidden}
      style={{ color: socketLook(data.type).color }}
    >
      <path className={styles["ground"]} d={path} />
      <path className={styles["line"]} d={path} />
      <path className={`react-flow__edge-interaction ${styles["reach"]}`} d={path} />
      {points.map((point, index) => (
        <Reroute key={`${kept[index]}`} link={id} index={index} at={point} />
      ))}
    </g>
  );
});

function Reroute({ link, index, at }: { link: string; index: number; at: Point }) {
  const press = (event: PointerEvent) => {
    if (event.button !== 0 || event.altKey) return;
    event.stopPropagation();
    let place = at;
    follow(event, {
      move: (dx, dy) => {
        place = [at[0] + dx, at[1] + dy];
        useCanvas.setState({ bent: { link, index, at: place } });
      },
      end: (kept) => {
        useCanvas.setState({ bent: null });
        const { target, input } = linkEnd(link);
        if (kept && place !== at)
          change("reroute", (d, scope) =>
            moveReroute(d, scope, target, input, index, [Math.round(place[0]), Math.round(place[1])]),
          );
      },
    });
  };
  return (
    <circle
      className={styles["reroute"]}
      data-reroute={index}
      cx={at[0]}
      cy={at[1]}
      r={6}
      onPointerDown={press}
      onContextMenu={(event) => openMenuAt(event, { kind: "link", id: link, point: index })}
    />
  );
}
