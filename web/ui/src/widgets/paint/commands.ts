/** Keys of the painter: those that painting programs share. They count inside it alone. */

import type { Command } from "~/commands/registry";
import { MASK_COLOR, resized, type Tool, usePaint } from "./store";

const open = () => usePaint.getState().painting !== null;
const masks = () => open() && usePaint.getState().mode === "mask";
const painting = () => usePaint.getState().painting;
const pick = (tool: Tool) => usePaint.setState({ tool });

const TOOL_KEYS: Readonly<Record<Tool, string>> = {
  brush: "B",
  erase: "E",
  fill: "G",
  rectangle: "R",
  lasso: "L",
  pan: "H",
};

const inPaint = (id: string, keys: readonly string[], run: () => void, more: Partial<Command> = {}): Command => ({
  id: `paint.${id}`,
  title: `widgets:paint.${id}`,
  keys,
  when: open,
  hidden: true,
  target: "paint",
  run,
  ...more,
});

export const toolKeys = (tool: Tool): string => TOOL_KEYS[tool];

const harder = (by: number) =>
  usePaint.setState(({ hardness }) => ({ hardness: Math.min(1, Math.max(0, Math.round((hardness + by) * 10) / 10)) }));

export const PAINT_COMMANDS: readonly Command[] = [
  ...Object.entries(TOOL_KEYS).map(([tool, keys]) => inPaint(tool, [keys], () => pick(tool as Tool))),
  inPaint("swap", ["X"], () => pick(usePaint.getState().tool === "erase" ? "brush" : "erase")),
  inPaint("smaller", ["["], () => resized(-1), { repeats: true }),
  inPaint("larger", ["]"], () => resized(1), { repeats: true }),
  inPaint("softer", ["{"], () => harder(-0.1), { repeats: true }),
  inPaint("harder", ["}"], () => harder(0.1), { repeats: true }),
  inPaint("undo", ["Mod+Z"], () => painting()?.undo(), { repeats: true, inText: true }),
  inPaint("redo", ["Mod+Shift+Z", "Mod+Y"], () => painting()?.redo(), { repeats: true, inText: true }),
  inPaint("clear", ["Delete", "Backspace"], () => painting()?.clear()),
  inPaint("invert", ["I", "Mod+I"], () => painting()?.invert(MASK_COLOR), { when: masks }),
  inPaint("feather", ["F"], () => painting()?.feather(usePaint.getState().feather, MASK_COLOR), { when: masks }),
  inPaint("fit", ["0", "."], () => usePaint.getState().fit?.()),
];
