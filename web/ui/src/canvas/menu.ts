/** Context menus: where one is asked for. */

import type { Point } from "~/core/types";
import { canvasApi } from "./api";
import { type MenuTarget, useCanvas } from "./store";

interface Asked {
  readonly clientX: number;
  readonly clientY: number;
  preventDefault(): void;
  stopPropagation(): void;
}

/** Open our menu instead of the browser's, and of any around it. */
export function openMenuAt(event: Asked, target: MenuTarget): void {
  event.preventDefault();
  event.stopPropagation();
  const at: Point = [event.clientX, event.clientY];
  useCanvas.setState({ menu: { target, at, place: canvasApi.screenToCanvas(at) } });
}

export const closeMenu = (): void => useCanvas.setState({ menu: null });
