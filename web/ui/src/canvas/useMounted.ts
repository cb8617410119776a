import { useReactFlow, useStoreApi } from "@xyflow/react";
import { useCallback } from "react";
import { runCommand } from "~/commands/registry";
import { useUi } from "~/stores/ui";
import { canvasApi, mountCanvas } from "./api";
import type { AnyFlow, LinkFlow } from "./flow";
import { partOf } from "./ids";
import { useCanvas } from "./store";
import { apiOver, pointer } from "./view";

/** Ties the canvas to the rest of the editor for as long as it is there: a ref for its frame. */
export function useMounted(): (frame: HTMLElement | null) => (() => void) | undefined {
  const flow = useReactFlow<AnyFlow, LinkFlow>();
  const store = useStoreApi<AnyFlow, LinkFlow>();
  return useCallback(
    (frame) => {
      if (!frame) return undefined;
      mountCanvas(apiOver(flow, store));
      const stop = new AbortController();
      const listen = <K extends keyof HTMLElementEventMap>(kind: K, heard: (event: HTMLElementEventMap[K]) => void) =>
        frame.addEventListener(kind, heard, { signal: stop.signal });
      listen("pointermove", (event) => void (pointer.at = [event.clientX, event.clientY]));
      listen("pointerleave", () => void (pointer.at = null));
      listen("dblclick", doubleClick);
      listen("focusin", (event) => hold(event.target));
      listen("focusout", () => hold(null));
      return () => {
        stop.abort();
        mountCanvas(null);
      };
    },
    [flow, store],
  );
}

/** On empty canvas: the palette. */
function doubleClick(event: MouseEvent): void {
  if (!(event.target instanceof Element) || !event.target.classList.contains("react-flow__pane")) return;
  if (useUi.getState().readOnly) return;
  const at = canvasApi.screenToCanvas([event.clientX, event.clientY]);
  if (!runCommand("palette.add", { at })) useUi.getState().openPalette({ at });
}

/** The node that has the focus stays mounted. */
function hold(target: EventTarget | null): void {
  const node = target instanceof Element ? target.closest<HTMLElement>(".react-flow__node") : null;
  const id = node?.dataset["id"] ?? null;
  if (useCanvas.getState().linking) return;
  if (id === null || partOf(id).kind !== "group") useCanvas.setState({ held: id });
}
