import { afterEach, beforeEach, expect, test } from "vitest";
import { clashes } from "~/commands/keymap";
import { listen } from "~/commands/listen";
import { registerCommands } from "~/commands/registry";
import { useSettings } from "~/stores/settings";

const ran: string[] = [];
const command = (id: string, keys: string[], rest = {}) => ({
  id,
  title: "app:name",
  keys,
  run: () => void ran.push(id),
  ...rest,
});

let usable = true;
registerCommands([
  command("t.plain", ["Q"]),
  command("t.save", ["Mod+S"], { inText: true }),
  command("t.enter", ["Enter"]),
  command("t.area", ["Delete"], { target: "list" }),
  command("t.canvas", ["Delete"], { target: "canvas" }),
  command("t.anywhere", ["Delete"]),
  command("t.when", ["W"], { when: () => usable }),
  command("t.space", ["Space"]),
  command("t.repeats", ["Mod+Z"], { repeats: true }),
]);

let stop = () => {};
beforeEach(() => {
  ran.length = 0;
  usable = true;
  stop = listen();
});
afterEach(() => {
  stop();
  useSettings.getState().reset();
  document.body.replaceChildren();
});

function press(key: string, init: KeyboardEventInit = {}, target: Element = document.body): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init });
  target.dispatchEvent(event);
  return event;
}

const up = () => window.dispatchEvent(new KeyboardEvent("keyup", { key: " " }));

function add<K extends keyof HTMLElementTagNameMap>(tag: K, parent: Element = document.body): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  parent.append(element);
  return element;
}

test("#18 a key runs its command and nothing of the browser's", () => {
  expect(press("q").defaultPrevented).toBe(true);
  expect(press("x").defaultPrevented).toBe(false);
  expect(ran).toEqual(["t.plain"]);
});

test("#18 a text field keeps its keys, but for commands that work in text", () => {
  const field = add("textarea");
  press("q", {}, field);
  press("s", { ctrlKey: true }, field);
  press("q", {}, add("input"));
  expect(ran).toEqual(["t.save"]);
});

test("#18 what is being composed is no key", () => {
  press("q", { isComposing: true });
  expect(ran).toEqual([]);
});

test("#18 a focused button keeps Enter and Space", () => {
  const button = add("button");
  press("Enter", {}, button);
  press("q", {}, button);
  press("Enter");
  expect(ran).toEqual(["t.plain", "t.enter"]);
});

test("#18 the area around the focus comes first, then the canvas, then what counts everywhere", () => {
  const list = add("div");
  list.dataset["keys"] = "list";
  press("Delete", {}, add("p", list));
  press("Delete");
  press("Delete", {}, add("p"));
  expect(ran).toEqual(["t.area", "t.canvas", "t.anywhere"]);
});

test("#18 a command that cannot be used leaves its key alone", () => {
  usable = false;
  expect(press("w").defaultPrevented).toBe(false);
  usable = true;
  press("w");
  expect(ran).toEqual(["t.when"]);
});

test("#18 keys that the reader gave replace the default", () => {
  useSettings.getState().change({ keys: { "t.plain": ["F9"] } });
  press("q");
  press("F9");
  expect(ran).toEqual(["t.plain"]);
  useSettings.getState().change({ keys: { "t.plain": [] } });
  press("F9");
  expect(ran).toHaveLength(1);
});

test("#18 behind a modal dialog no key counts", () => {
  add("dialog").setAttribute("open", "");
  press("q");
  expect(ran).toEqual([]);
});

test("#18 the space bar counts when it is let go at once, not when it was held to pan", () => {
  press(" ");
  expect(ran).toEqual([]);
  up();
  expect(ran).toEqual(["t.space"]);
  press(" ");
  window.dispatchEvent(new Event("pointerdown"));
  up();
  expect(ran).toHaveLength(1);
});

test("#18 what the browser's own event does is only shown, unless the reader gave it other keys", () => {
  registerCommands([command("t.native", ["Mod+C"], { native: true })]);
  expect(press("c", { ctrlKey: true }).defaultPrevented).toBe(false);
  useSettings.getState().change({ keys: { "t.native": ["F4"] } });
  press("F4");
  expect(ran).toEqual(["t.native"]);
});

test("#18 a held key repeats only what is meant to", () => {
  press("q", { repeat: true });
  press("z", { ctrlKey: true, repeat: true });
  expect(ran).toEqual(["t.repeats"]);
});

test("#18 Tab moves the focus unless the pointer is over the canvas and nothing has the focus", () => {
  registerCommands([command("t.tab", ["Tab"])]);
  const canvas = add("main");
  canvas.id = "canvas";
  press("Tab");
  canvas.dispatchEvent(new Event("pointerover", { bubbles: true }));
  press("Tab");
  const button = add("button");
  button.focus();
  press("Tab", {}, button);
  expect(ran).toEqual(["t.tab"]);
});

test("#18 a clash is another command with the same keys in the same area", () => {
  expect(clashes("t.plain", "W", {}).map((c) => c.id)).toEqual(["t.when"]);
  expect(clashes("t.area", "Delete", {})).toEqual([]);
  expect(clashes("t.plain", "W", { "t.when": ["E"] })).toEqual([]);
});
