/** What React Flow tells, as edits of the document. */

import type {
  Connection,
  FinalConnectionState,
  IsValidConnection,
  NodeMouseHandler,
  OnConnectEnd,
  OnConnectStart,
  OnNodeDrag,
  OnNodesChange,
} from "@xyflow/react";
import type { MouseEvent } from "react";
import { addReroute } from "~/core/edits/links";
import { subgraphIdOf } from "~/core/document";
import type { Point } from "~/core/types";
import { useUi } from "~/stores/ui";
import { canvasApi } from "./api";
import { nearest } from "./curve";
import { beginDrag, endDrag, takeChanges } from "./drag";
import { change, here } from "./edit";
import type { AnyFlow, LinkFlow } from "./flow";
import { under } from "./gestures";
import { connectionOf, endOf, linkEnd, partOf } from "./ids";
import { beginLink, endLink, link, linkTo, offer, refusal, unlink } from "./linking";
import { closeMenu, openMenuAt } from "./menu";
import { linksIn } from "./places";
import { useCanvas } from "./store";

export const nodesChange: OnNodesChange<AnyFlow> = (changes) => takeChanges(changes);

export const dragStart: OnNodeDrag<AnyFlow> = (_, node, nodes) =>
  beginDrag(
    node.id,
    nodes.map((n) => n.id),
  );
export const dragStop: OnNodeDrag<AnyFlow> = () => endDrag();

const screenOf = (event: { clientX: number; clientY: number }): Point => [event.clientX, event.clientY];

/** An instance of a subgraph is entered. */
export const nodeDoubleClick: NodeMouseHandler<AnyFlow> = (_, node) => enter(node.id);

export function enter(id: string): boolean {
  const { graph, doc } = here();
  const subgraph = subgraphIdOf(graph.nodes[id]?.type ?? "");
  if (subgraph === null || !doc.subgraphs[subgraph]) return false;
  useUi.getState().enter({ instance: id, subgraph });
  return true;
}

function select(id: string): void {
  if (!useUi.getState().selection.has(id)) useUi.getState().select([id]);
}

/** A click without a modifier, on one of several that are selected, leaves it alone selected. */
export const nodeClick: NodeMouseHandler<AnyFlow> = (event, node) => {
  const plain = !(event.shiftKey || event.ctrlKey || event.metaKey);
  if (plain && useUi.getState().selection.size > 1) useUi.getState().select([node.id]);
};

/** Fields keep the browser's own menu. */
export const nodeMenu: NodeMouseHandler<AnyFlow> = (event, node) => {
  if (event.target instanceof Element && event.target.closest("input, textarea, [contenteditable=true]")) return;
  select(node.id);
  openMenuAt(event, { kind: partOf(node.id).kind, id: node.id });
};

export const paneMenu = (event: MouseEvent | globalThis.MouseEvent): void => {
  const small = drawnAt(canvasApi.screenToCanvas(screenOf(event)));
  if (small !== null) select(small);
  openMenuAt(event, small === null ? { kind: "canvas" } : { kind: partOf(small).kind, id: small });
};

/** What is only drawn there, while nodes are too small to be mounted. */
const drawnAt = (place: Point): string | null => (useCanvas.getState().far ? under(place) : null);

export const paneClick = (event: MouseEvent): void => {
  closeMenu();
  if (drawnAt(canvasApi.screenToCanvas(screenOf(event))) !== null) return; // chosen as it was pressed
  useUi.getState().select([]);
  useCanvas.setState({ links: new Set() });
};

export const linkClick = (event: MouseEvent, { id }: LinkFlow): void => {
  if (event.altKey) return unlink([id]);
  const add = event.shiftKey || event.ctrlKey || event.metaKey;
  const links = new Set(add ? useCanvas.getState().links : []);
  if (links.has(id)) links.delete(id);
  else links.add(id);
  if (!add) useUi.getState().select([]);
  useCanvas.setState({ links });
};

/** A double-click on a link puts a reroute point there. */
export const linkDoubleClick = (event: MouseEvent, { id }: LinkFlow): void =>
  reroute(id, canvasApi.screenToCanvas(screenOf(event)));

export function reroute(id: string, at: Point): void {
  const { target, input } = linkEnd(id);
  const drawn = [...linksIn(here())].find((one) => one.id === id);
  if (!drawn) return;
  const place: Point = [Math.round(at[0]), Math.round(at[1])];
  const index = nearest(drawn.pieces, at).piece;
  change("add_reroute", (d, scope) => addReroute(d, scope, target, input, index, place));
}

export const linkMenu = (event: MouseEvent, { id }: LinkFlow): void => {
  useCanvas.setState({ links: new Set([id]) });
  openMenuAt(event, { kind: "link", id });
};

export const isValid: IsValidConnection<LinkFlow> = (c) =>
  refusal({ ...c, sourceHandle: c.sourceHandle ?? null, targetHandle: c.targetHandle ?? null }) === null;

export const connectStart: OnConnectStart = (_, { nodeId, handleId }) => {
  const end = nodeId === null ? null : endOf(nodeId, handleId);
  if (end && !useCanvas.getState().linking) beginLink(end);
};

/** Not if Escape called it off meanwhile. */
export const connect = (c: Connection): void => {
  if (useCanvas.getState().linking) link(c);
};

/** Let go over a node: to its first socket that fits; over nothing: the palette. Called for links that are taken up again too, which have their own end. */
export const connectEnd: OnConnectEnd = (event, state) => {
  const { linking, lifted } = useCanvas.getState();
  if (lifted !== null) return;
  endLink();
  if (!linking || state.toHandle) return;
  const below = document.elementFromPoint(...pointOf(event));
  const node = below?.closest<HTMLElement>(".react-flow__node")?.dataset["id"];
  if (node !== undefined) linkTo(linking.from, node);
  else if (below?.closest(".react-flow__pane")) offer(linking.from, canvasApi.screenToCanvas(pointOf(event)));
};

const pointOf = (event: globalThis.MouseEvent | TouchEvent): Point => {
  const touch = "changedTouches" in event ? event.changedTouches[0] : event;
  return touch ? [touch.clientX, touch.clientY] : [0, 0];
};

/** Tap and tap: the second tap on nothing only calls it off. */
export const clickConnectEnd = (): void => endLink();

/** The output's end of a link is dragged: it then comes from elsewhere. */
export const reconnectStart = (_: unknown, { id, target, targetHandle }: LinkFlow): void => {
  const end = endOf(target, targetHandle);
  if (end) beginLink(end, id);
};

export const reconnect = (old: LinkFlow, c: Connection): void => {
  if (useCanvas.getState().linking && connectionOf(c)) link(c, old.id);
};

export const reconnectEnd = (_: unknown, { id }: LinkFlow, __: unknown, state: FinalConnectionState): void => {
  if (!state.isValid && !state.toHandle && useCanvas.getState().linking) unlink([id]);
  endLink();
};
