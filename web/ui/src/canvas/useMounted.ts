import { useReactFlow, useStoreApi } from "@xyflow/react";
import { useCallback } from "react";
import { useUi } from "~/stores/ui";
import { canvasApi, mountCanvas } from "./api";
import { listenForClipboard } from "./clipboard";
import type { AnyFlow, LinkFlow } from "./flow";
import { listenForGestures, under } from "./gestures";
import { enter } from "./handlers";
import { partOf } from "./ids";
import { listenForLongPress } from "./longPress";
import { useCanvas } from "./store";
import { LOD, apiOver, pointer, viewed } from "./view";

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
      listenForGestures(frame, stop.signal);
      listenForClipboard(stop.signal);
      listenForLongPress(frame, stop.signal);
      listen("pointermove", (event) => void (pointer.at = [event.clientX, event.clientY]));
      listen("pointerleave", () => void (pointer.at = null));
      listen("dblclick", doubleClick);
      listen("focusin", (event) => hold(event.target));
      listen("focusout", () => hold(null));
      const forget = store.subscribe((s, before) => {
        if (s.transform !== before.transform || s.width !== before.width || s.height !== before.height) viewed();
      });
      return () => {
        stop.abort();
        forget();
        mountCanvas(null);
      };
    },
    [flow, store],
  );
}

/** On empty canvas: the palette; on a node that is only drawn: nearer to it. */
function doubleClick(event: MouseEvent): void {
  if (!(event.target instanceof Element) || !event.target.classList.contains("react-flow__pane")) return;
  const at = canvasApi.screenToCanvas([event.clientX, event.clientY]);
  const small = canvasApi.view().zoom < LOD ? under(at) : null;
  if (small !== null && !enter(small)) canvasApi.fit([small]);
  if (small === null && !useUi.getState().readOnly) useUi.getState().openPalette({ at });
}

/** The node that has the focus stays mounted. */
function hold(target: EventTarget | null): void {
  const node = target instanceof Element ? target.closest<HTMLElement>(".react-flow__node") : null;
  const id = node?.dataset["id"] ?? null;
  if (useCanvas.getState().linking) return;
  if (id === null || partOf(id).kind !== "group") useCanvas.setState({ held: id });
}
