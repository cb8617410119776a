import { useReactFlow, useStoreApi } from "@xyflow/react";
import { useCallback } from "react";
import { useUi } from "~/stores/ui";
import { canvasApi, mountCanvas } from "./api";
import { listenForClipboard } from "./clipboard";
import type { AnyFlow, LinkFlow } from "./flow";
import { listenForGestures, under } from "./gestures";
import { enter } from "./handlers";
import { focused } from "./linking";
import { listenForLongPress } from "./longPress";
import { listenForWheel } from "./wheel";
import { useCanvas } from "./store";
import { apiOver, pointer, viewed } from "./view";

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
      listenForWheel(frame, stop.signal);
      listen("pointermove", (event) => void (pointer.at = [event.clientX, event.clientY]));
      listen("pointerleave", () => void (pointer.at = null));
      listen("dblclick", doubleClick);
      listen("focusin", (event) => hold(event.target));
      listen("focusout", () => hold(null));
      const forget = store.subscribe((s, before) => {
        if (s.transform !== before.transform || s.width !== before.width || s.height !== before.height) viewed();
      });
      const callOff = useCanvas.subscribe((s, before) => {
        if (before.linking && !s.linking) cancel(store);
      });
      return () => {
        stop.abort();
        forget();
        callOff();
        mountCanvas(null);
      };
    },
    [flow, store],
  );
}

/** React Flow draws its line no longer, and waits for no second tap. */
function cancel(store: ReturnType<typeof useStoreApi<AnyFlow, LinkFlow>>): void {
  const { connection, connectionClickStartHandle, cancelConnection } = store.getState();
  if (connection.inProgress) cancelConnection();
  if (connectionClickStartHandle) store.setState({ connectionClickStartHandle: null });
}

/** On empty canvas: the palette; on a node that is only drawn: nearer to it. */
function doubleClick(event: MouseEvent): void {
  if (!(event.target instanceof Element) || !event.target.classList.contains("react-flow__pane")) return;
  const at = canvasApi.screenToCanvas([event.clientX, event.clientY]);
  const small = useCanvas.getState().far ? under(at) : null;
  if (small !== null && !enter(small)) canvasApi.fit([small]);
  if (small === null && !useUi.getState().readOnly) useUi.getState().openPalette({ at });
}

/** The node that has the focus stays mounted. */
function hold(target: EventTarget | null): void {
  if (!useCanvas.getState().linking) useCanvas.setState({ held: focused(target instanceof Element ? target : null) });
}
