/** The one listener for keys: what is pressed becomes a command. */

import { useSettings } from "~/stores/settings";
import { commandFor, type Place } from "./keymap";
import type { Command } from "./registry";

/** Milliseconds after which a held space bar was meant for panning. */
const HELD = 400;

const TYPED = new Set(["text", "search", "url", "tel", "email", "password", "number", "date", "time"]);

const isText = (element: Element): boolean =>
  element instanceof HTMLInputElement
    ? TYPED.has(element.type)
    : element instanceof HTMLTextAreaElement || (element instanceof HTMLElement && element.isContentEditable);

const CONTROLS =
  "button, a[href], select, input, summary, hr[tabindex], [role=button], [role=option], [role=tab], [role=treeitem], " +
  "[role^=menuitem], [role=slider], [role=switch], [role=separator], [role=combobox], [role=listbox], [role=gridcell]";

/** Names of the areas around an element, the innermost first; with nothing focused it is the canvas. */
function areasOf(element: Element): string[] {
  if (element === document.body || element === document.documentElement) return ["canvas"];
  const areas: string[] = [];
  for (let at = element.closest("[data-keys]"); at; at = at.parentElement?.closest("[data-keys]") ?? null)
    areas.push(at.getAttribute("data-keys") ?? "");
  return areas;
}

export function placeOf(target: EventTarget | null): Place {
  const element = target instanceof Element ? target : document.body;
  return {
    areas: areasOf(element),
    text: isText(element) || element instanceof HTMLSelectElement,
    control: element.matches(CONTROLS),
    modal: document.querySelector("dialog[open]") !== null,
  };
}

let over = false;

/** Tab moves the focus, as everywhere; over the canvas, with the pointer there and no keyboard focus, it is a key. */
function tabIsKey(event: KeyboardEvent): boolean {
  const focused = document.activeElement;
  const free =
    !focused || focused === document.body || (focused.closest("#canvas") && !focused.matches(":focus-visible"));
  return over && Boolean(free) && !event.ctrlKey && !event.altKey;
}

const moved = (event: PointerEvent) => {
  over = event.target instanceof Element && event.target.closest("#canvas") !== null;
};

const run = (command: Command) => void command.run();

interface Waiting {
  readonly command: Command;
  readonly since: number;
}

/** Listen until the returned function is called. The space bar alone is a key only when it is let go at once with
 * nothing in between: held down it pans. */
export function listen(): () => void {
  let waiting: Waiting | null = null;
  const forget = () => {
    waiting = null;
  };
  const down = (event: KeyboardEvent) => {
    if (event.key !== " ") forget();
    if (event.defaultPrevented || event.isComposing || (event.key === "Tab" && !tabIsKey(event))) return;
    const command = commandFor(event, placeOf(event.target), useSettings.getState().keys);
    if (!command) return;
    event.preventDefault();
    if (event.repeat && !command.repeats) return;
    if (event.key === " " && !event.ctrlKey && !event.metaKey) waiting = { command, since: event.timeStamp };
    else run(command);
  };
  const up = (event: KeyboardEvent) => {
    if (event.key === " " && waiting && event.timeStamp - waiting.since < HELD) run(waiting.command);
    if (event.key === " ") forget();
  };
  window.addEventListener("keydown", down);
  window.addEventListener("keyup", up);
  window.addEventListener("pointerdown", forget, true);
  window.addEventListener("wheel", forget, { capture: true, passive: true });
  window.addEventListener("pointerover", moved, true);
  return () => {
    window.removeEventListener("keydown", down);
    window.removeEventListener("keyup", up);
    window.removeEventListener("pointerdown", forget, true);
    window.removeEventListener("wheel", forget, true);
    window.removeEventListener("pointerover", moved, true);
  };
}
