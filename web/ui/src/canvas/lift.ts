/** Taking a linked input's end up: the link hangs from its output again, as if it had just been drawn from there. */

import type { ReactFlowState } from "@xyflow/react";
import { XYHandle } from "@xyflow/system";
import { sourceOf } from "~/core/wires";
import { here } from "./edit";
import { connectionOf, linkId, outHandle } from "./ids";
import { beginLink, endLink, link, unlink } from "./linking";
import { useCanvas } from "./store";

interface Flow {
  getState(): ReactFlowState;
}

/** Begin to drag the link that an input has. Let go over another input it is moved, over nothing it is taken away. */
export function lift(flow: Flow, event: MouseEvent | TouchEvent, socket: Element, node: string, input: string): void {
  const { doc, scope } = here();
  const from = sourceOf(doc, scope, node, input);
  const state = flow.getState();
  if (!from) return;
  const id = linkId(node, input);
  let made = false;
  XYHandle.onPointerDown(event, {
    autoPanOnConnect: state.autoPanOnConnect,
    autoPanSpeed: state.autoPanSpeed,
    connectionMode: state.connectionMode,
    connectionRadius: state.connectionRadius,
    domNode: state.domNode,
    handleDomNode: socket,
    edgeUpdaterType: "source",
    isTarget: false,
    nodeId: from.node,
    handleId: outHandle(from.output),
    nodeLookup: state.nodeLookup,
    lib: state.lib,
    flowId: state.rfId,
    panBy: state.panBy,
    cancelConnection: state.cancelConnection,
    updateConnection: state.updateConnection,
    dragThreshold: 3,
    getTransform: () => flow.getState().transform,
    getFromHandle: () => flow.getState().connection.fromHandle,
    isValidConnection: (c) => {
      const to = connectionOf({ ...c, sourceHandle: c.sourceHandle ?? null, targetHandle: c.targetHandle ?? null });
      return (to?.target === node && to.input === input) || (flow.getState().isValidConnection?.(c) ?? true);
    },
    onConnectStart: () => beginLink(from, id),
    onConnect: (c) => {
      if (!useCanvas.getState().linking) return; // called off by Escape
      made = true;
      link(c, id);
    },
    onReconnectEnd: (_, end) => {
      if (!made && !end.toHandle && useCanvas.getState().linking) unlink([id]);
      endLink();
    },
  });
}
