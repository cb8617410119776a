/** Where the parts of the editor plug in: panels, dialogs, bars. A feature's index.ts registers, nothing else edits the frame. */

import type { ComponentType } from "react";
import { registerCommands } from "~/commands/registry";
import { useUi } from "~/stores/ui";

export interface Panel {
  readonly id: string;
  readonly side: "left" | "right" | "bottom";
  /** A key of the language files, with its namespace. */
  readonly title: string;
  readonly icon: ComponentType<{ size?: number | string }>;
  readonly component: ComponentType;
  /** Places among the others: lower is earlier. */
  readonly order: number;
  /** Of the command `panel.<id>`, which shows and hides it. */
  readonly keys?: readonly string[];
}

export interface Bar {
  readonly id: string;
  /** Of the frame's top bar (start, middle, end), under it, in the middle (the canvas and what lies over it), in the
   * line at the bottom, or nowhere (only effects). */
  readonly place: "start" | "middle" | "end" | "below" | "canvas" | "status" | "none";
  readonly component: ComponentType;
  readonly order: number;
}

export interface DialogSlot {
  readonly name: string;
  readonly component: ComponentType<{ args: unknown; close(): void }>;
}

export const panels: Panel[] = [];
export const bars: Bar[] = [];
export const dialogs: DialogSlot[] = [];

const place = <T extends { order: number }>(list: T[], some: readonly T[]) => {
  list.push(...some);
  list.sort((a, b) => a.order - b.order);
};

/** Each panel brings a command that shows and hides it. */
export function registerPanels(some: readonly Panel[]): void {
  place(panels, some);
  registerCommands(
    some.map(({ id, side, title, keys }) => ({
      id: `panel.${id}`,
      title,
      ...(keys && { keys }),
      checked: () => useUi.getState().panels[side] === id,
      run: () => useUi.getState().toggle(side, id),
    })),
  );
}

export const registerBars = (some: readonly Bar[]): void => place(bars, some);
export const registerDialogs = (some: readonly DialogSlot[]): void => void dialogs.push(...some);
