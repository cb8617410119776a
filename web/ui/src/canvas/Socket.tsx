import { Handle, Position, useStoreApi } from "@xyflow/react";
import type { TFunction } from "i18next";
import { type KeyboardEvent, type MouseEvent, type TouchEvent, memo, useRef } from "react";
import { runCommand } from "~/commands/registry";
import { tip } from "~/ui/Tooltip";
import { SocketDot } from "./SocketDot";
import { type End, inHandle, linkId, outHandle } from "./ids";
import { lift } from "./lift";
import { openness, unlink } from "./linking";
import { openMenuAt } from "./menu";
import styles from "./Socket.module.css";
import { useCanvas } from "./store";

interface Props {
  readonly node: string;
  /** An input's name, or an output's index. */
  readonly socket: string | number;
  readonly type: string;
  /** Its accessible name. */
  readonly name: string;
  /** Canvas units from the node's upper edge to its middle. */
  readonly y: number;
  readonly linked: boolean;
  /** Belongs to a widget: it steps back until it is needed. */
  readonly quiet?: boolean;
  readonly readOnly: boolean;
  /** Of a problem at it. */
  readonly describedBy?: string | undefined;
  /** What can be done with it, for who points at it. */
  readonly hint?: string;
}

/** The accessible name of a socket. */
export const socketName = (
  t: TFunction<"canvas">,
  side: "input" | "output",
  label: string,
  type: string,
  linked: boolean,
) => t(`socket.${side}${linked ? "_linked" : ""}`, { label, type });

/** Pixels that a press may wander and still be a click. */
const SLACK = 4;

/** A click of a mouse or a pen alone; a finger's taps make links, and the keyboard's click has no detail. */
function isPlain({ nativeEvent, detail, shiftKey, ctrlKey, metaKey, altKey }: MouseEvent): boolean {
  const touch = "pointerType" in nativeEvent && nativeEvent.pointerType === "touch";
  return detail > 0 && !touch && !(shiftKey || ctrlKey || metaKey || altKey);
}

/** A socket: where links begin and end. A click on an output shows its value. By keyboard, Enter takes a link up and sets it down; Delete takes it away. */
export const Socket = memo(function Socket(props: Props) {
  const { node, socket, type, name, y, linked, quiet = false, readOnly } = props;
  const flow = useStoreApi();
  const input = typeof socket === "string" ? socket : null;
  const end: End = typeof socket === "string" ? { node, input: socket } : { node, output: socket };
  const open = useCanvas((s) => openness(s.linking, end, type));
  const pressed = useRef({ x: 0, y: 0 });
  const grab = (event: MouseEvent | TouchEvent) => {
    if ("button" in event) pressed.current = { x: event.clientX, y: event.clientY };
    if (input !== null && linked && !readOnly && !("button" in event && event.button !== 0))
      lift(flow, event.nativeEvent, event.currentTarget, node, input);
  };
  const look = (event: MouseEvent) => {
    const at = pressed.current;
    const still = Math.hypot(event.clientX - at.x, event.clientY - at.y) <= SLACK;
    if (input !== null || !isPlain(event) || !still || useCanvas.getState().linking) return;
    event.stopPropagation();
    runCommand("inspect.output", { ...end, toggle: true });
  };
  const press = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key === "Enter" || event.key === " ") event.currentTarget.click();
    else if ((event.key === "Delete" || event.key === "Backspace") && input !== null && linked)
      unlink([linkId(node, input)]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <Handle
      type={input === null ? "source" : "target"}
      id={input === null ? outHandle(Number(socket)) : inHandle(input)}
      position={input === null ? Position.Right : Position.Left}
      className={styles["socket"] ?? ""}
      style={{ top: y }}
      isConnectable={!readOnly}
      isConnectableStart={!readOnly && !(input !== null && linked)}
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- the library draws a div
      role="button"
      tabIndex={quiet && !linked ? -1 : 0}
      aria-label={name}
      aria-describedby={props.describedBy}
      data-open={open}
      data-linked={linked}
      data-quiet={quiet}
      {...(props.hint !== undefined && tip(props.hint))}
      onMouseDown={grab}
      onClickCapture={look}
      onTouchStart={grab}
      onKeyDown={press}
      onContextMenu={(event) => openMenuAt(event, { kind: "socket", end })}
    >
      <SocketDot type={type} size={quiet ? 10 : 13} hollow={!linked} />
    </Handle>
  );
});
