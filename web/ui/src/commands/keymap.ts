/** Which command a key stroke means. The reader's own keys come before the defaults. */

import { type Pressed, keysOf } from "./keys";
import { allCommands, type Command, commandOf } from "./registry";

/** Keys that the reader gave, by command. */
export type Chosen = Readonly<Record<string, readonly string[]>>;

/** All keys of a command. */
export const keysFor = (id: string, chosen: Chosen): readonly string[] => chosen[id] ?? commandOf(id)?.keys ?? [];

/** Where the focus is, as far as keys care. */
export interface Place {
  /** Names of the areas around the focus, the innermost first. */
  readonly areas: readonly string[];
  /** A field takes what is typed. */
  readonly text: boolean;
  /** A control takes Space, Enter and arrows. */
  readonly control: boolean;
  /** A modal dialog is open: only commands of an area inside it. */
  readonly modal: boolean;
}

/** What a focused button, list or slider does itself. */
const CONTROL = /^(?:Shift\+)?(?:Space|Enter|Home|End|PageUp|PageDown|Arrow\w+)$/;

function counts(command: Command, place: Place, keys: string): boolean {
  if (place.modal && !(command.target && place.areas.includes(command.target))) return false;
  if (place.text && !command.inText) return false;
  if (place.control && CONTROL.test(keys) && !(command.target && place.areas.includes(command.target))) return false;
  return !command.target || place.areas.includes(command.target);
}

/** Commands of the innermost area first, those of no area last. */
const depth = (command: Command, place: Place) =>
  command.target === undefined ? place.areas.length : place.areas.indexOf(command.target);

/** The command that a key stroke means at a place, if one can be used there now. */
export function commandFor(event: Pressed, place: Place, chosen: Chosen): Command | undefined {
  for (const keys of keysOf(event)) {
    const meant = allCommands()
      .filter((c) => keysFor(c.id, chosen).includes(keys) && counts(c, place, keys) && !(c.native && !chosen[c.id]))
      .toSorted((a, b) => depth(a, place) - depth(b, place));
    const usable = meant.find((c) => c.when?.() !== false);
    if (usable) return usable;
  }
  return undefined;
}

/** Other commands that have these keys where this one counts. */
export function clashes(id: string, keys: string, chosen: Chosen): readonly Command[] {
  const mine = commandOf(id)?.target;
  return allCommands().filter((c) => c.id !== id && c.target === mine && keysFor(c.id, chosen).includes(keys));
}
