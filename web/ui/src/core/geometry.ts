/** Where everything of a node lies, from its definition alone: no DOM is asked, so that nodes off screen have their
 * sockets too, and a thousand nodes open without being mounted. The style sheet takes the same numbers. */

import { hasWidget } from "./names";
import type { GraphNode, InputDef, NodeType, Point, Size } from "./types";

export const HEADER = 30;
export const ROW = 24;
export const WIDGET_ROW = 30;
export const PADDING = 8;
export const WIDTH = 260;
export const LEAST: Size = [140, HEADER];
/** A prompt box, and the area of a node that shows pictures, at the least. */
export const TEXT_HEIGHT = 92;
export const PICTURE_HEIGHT = 180;

export interface SocketPlace {
  readonly name: string;
  /** From the node's upper left corner to the socket's middle. */
  readonly at: Point;
}

export interface WidgetPlace {
  readonly name: string;
  readonly top: number;
  readonly height: number;
}

export interface NodeShape {
  readonly size: Size;
  /** Inputs of all kinds by name: those without a widget first, one a row; a widget's socket is at its own row. */
  readonly inputs: readonly SocketPlace[];
  /** By index. */
  readonly outputs: readonly SocketPlace[];
  readonly widgets: readonly WidgetPlace[];
  /** The area for pictures and texts that the node shows, if its type shows any. */
  readonly shown: { readonly top: number; readonly height: number } | null;
}

/** Whether nodes of a type show what they made on themselves: sinks and plots. An input's picture is shown by its
 * widget. */
export function showsResult(type: NodeType): boolean {
  return type.kind === "sink" || Object.values(type.inputs).some((input) => input.widget?.name === "axis_input");
}

/** Heights of the widgets that have more than one row, by their name. */
const TALL: Readonly<Record<string, number>> = {
  multiline: TEXT_HEIGHT,
  axis_values: TEXT_HEIGHT,
  image_upload: WIDGET_ROW + PICTURE_HEIGHT,
};

/** How high a widget is at the least. */
export const leastOf = (input: InputDef): number => TALL[input.widget?.name ?? ""] ?? WIDGET_ROW;

/** Tall widgets share what height the user adds. */
export const isTall = (input: InputDef): boolean => leastOf(input) > WIDGET_ROW;

const shapes = new WeakMap<NodeType, WeakMap<GraphNode, NodeShape>>();

/** The shape of a node; made once for each node value. */
export function shapeOf(node: GraphNode, type: NodeType): NodeShape {
  let known = shapes.get(type);
  if (!known) shapes.set(type, (known = new WeakMap()));
  let shape = known.get(node);
  if (!shape) known.set(node, (shape = node.collapsed ? collapsed(node, type) : open(node, type)));
  return shape;
}

function open(node: GraphNode, type: NodeType): NodeShape {
  const entries = Object.entries(type.inputs);
  const sockets = entries.filter(([, input]) => !hasWidget(input)).map(([name]) => name);
  const typed = entries.filter(([, input]) => hasWidget(input));
  const rows = Math.max(sockets.length, type.outputs.length);
  const top = HEADER + PADDING + rows * ROW;
  const shows = showsResult(type);
  const tall = typed.filter(([, input]) => isTall(input)).length;
  const least = leastHeight(top, typed, shows);
  const width = Math.max(node.size?.[0] ?? WIDTH, LEAST[0]);
  const height = Math.max(node.size?.[1] ?? 0, least);
  const spare = (height - least) / Math.max(1, tall + (shows ? 1 : 0));
  const widgets: WidgetPlace[] = [];
  let y = top;
  for (const [name, input] of typed) {
    const h = leastOf(input) + (isTall(input) ? spare : 0);
    widgets.push({ name, top: y, height: h });
    y += h;
  }
  const middle = (row: number) => HEADER + PADDING + (row + 0.5) * ROW;
  return {
    size: [width, height],
    inputs: [
      ...sockets.map((name, row): SocketPlace => ({ name, at: [0, middle(row)] })),
      ...widgets.map((w): SocketPlace => ({ name: w.name, at: [0, w.top + WIDGET_ROW / 2] })),
    ],
    outputs: type.outputs.map((o, row): SocketPlace => ({ name: o.name, at: [width, middle(row)] })),
    widgets,
    shown: shows ? { top: y, height: PICTURE_HEIGHT + spare } : null,
  };
}

function leastHeight(top: number, typed: readonly (readonly [string, InputDef])[], shows: boolean): number {
  const widgets = typed.reduce((sum, [, input]) => sum + leastOf(input), 0);
  return top + widgets + (shows ? PICTURE_HEIGHT : 0) + PADDING;
}

/** A collapsed node is its header; all links meet at its two ends. */
function collapsed(node: GraphNode, type: NodeType): NodeShape {
  const width = Math.max(Math.min(node.size?.[0] ?? WIDTH, WIDTH), LEAST[0]);
  const y = HEADER / 2;
  return {
    size: [width, HEADER],
    inputs: Object.keys(type.inputs).map((name) => ({ name, at: [0, y] })),
    outputs: type.outputs.map((o) => ({ name: o.name, at: [width, y] })),
    widgets: [],
    shown: null,
  };
}
