import type { PointerEvent } from "react";
import { graphIn } from "~/core/draft";
import { resize } from "~/core/edits/nodes";
import type { Size } from "~/core/types";
import styles from "./Resizer.module.css";
import { change, here } from "./edit";
import { follow } from "./follow";
import { groupId, noteId } from "./ids";
import { useCanvas } from "./store";
import { wiring } from "./wiring";
import { shapeOf } from "~/core/geometry";

type Kind = "node" | "group" | "note";

const LEAST: Record<Kind, Size> = { node: [160, 40], group: [120, 80], note: [100, 60] };

const flowId: Record<Kind, (id: string) => string> = { node: (id) => id, group: groupId, note: noteId };

function sizeOf(kind: Kind, id: string): Size {
  const shown = here();
  if (kind === "group") return shown.graph.groups[id]?.size ?? LEAST.group;
  if (kind === "note") return shown.graph.notes[id]?.size ?? LEAST.note;
  const node = shown.graph.nodes[id];
  const type = wiring(shown).types.get(id);
  return node && type ? shapeOf(node, type).size : LEAST.node;
}

function commit(kind: Kind, id: string, [width, height]: Size): void {
  change("resize", (d, scope) => {
    if (kind === "node") return resize(d, scope, id, [width, height]);
    const graph = graphIn(d, scope);
    const found = kind === "group" ? graph?.groups[id] : graph?.notes[id];
    if (found) found.size = [width, height];
  });
}

/** The lower right corner, to drag: the size is in the document when it is let go. */
export function Resizer({ id, kind }: { id: string; kind: Kind }) {
  const flow = flowId[kind](id);
  const press = (event: PointerEvent) => {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    const before = sizeOf(kind, id);
    const [w, h] = LEAST[kind];
    let size = before;
    follow(event, {
      move: (dx, dy) => {
        size = [Math.max(w, Math.round(before[0] + dx)), Math.max(h, Math.round(before[1] + dy))];
        useCanvas.setState((s) => ({ sized: { ...s.sized, [flow]: size } }));
      },
      end: (kept) => {
        useCanvas.setState({ sized: {} });
        if (kept && size !== before) commit(kind, id, size);
      },
    });
  };
  return <span className={`${styles["corner"]} nodrag nopan`} onPointerDown={press} aria-hidden="true" />;
}
