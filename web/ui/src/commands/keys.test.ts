import { expect, test } from "vitest";
import { ariaKeys, keyParts, keyText, keysOf, type Pressed } from "~/commands/keys";

const press = (key: string, code: string, held = ""): Pressed => ({
  key,
  code,
  ctrlKey: held.includes("c"),
  metaKey: held.includes("m"),
  altKey: held.includes("a"),
  shiftKey: held.includes("s"),
  getModifierState: (name) => name === "AltGraph" && held.includes("g"),
});

test.each([
  ["a letter", press("a", "KeyA"), ["A"]],
  ["a letter with Shift", press("A", "KeyA", "s"), ["Shift+A"]],
  ["Caps Lock is no Shift", press("A", "KeyA"), ["A"]],
  ["a sign that needs Shift here", press("?", "Slash", "s"), ["?"]],
  ["a named key with Shift", press("Enter", "Enter", "cs"), ["Mod+Shift+Enter"]],
  ["the space bar", press(" ", "Space"), ["Space"]],
  ["another alphabet", press("я", "KeyZ", "c"), ["Mod+Я", "Mod+Z"]],
  ["a dead key", press("Dead", "KeyE", "a"), ["Alt+Dead", "Alt+E"]],
  ["AZERTY: the letter counts, not its place", press("a", "KeyQ", "c"), ["Mod+A"]],
  ["a sign that AltGr writes", press("@", "KeyQ", "cag"), ["@"]],
  ["a modifier alone", press("Shift", "ShiftLeft", "s"), []],
  ["all modifiers in order", press("k", "KeyK", "casm"), ["Mod+Meta+Alt+Shift+K"]],
] as const)("#18 %s", (_, event, keys) => {
  expect(keysOf(event, false)).toEqual(keys);
});

test("#18 on a Mac Command is Mod, and what Option changes is found by its place", () => {
  expect(keysOf(press("s", "KeyS", "m"), true)).toEqual(["Mod+S"]);
  expect(keysOf(press("s", "KeyS", "c"), true)).toEqual(["Ctrl+S"]);
  expect(keysOf(press("≠", "Equal", "a"), true)).toEqual(["Alt+≠", "Alt+="]);
});

test("#18 keys are shown as the machine names them", () => {
  expect(keyParts("Mod++", false)).toEqual(["Ctrl", "+"]);
  expect(keyText("Mod+Shift+E", false)).toBe("Ctrl+Shift+E");
  expect(keyText("Mod+Shift+E", true)).toBe("⌘⇧E");
  expect(ariaKeys("Mod+K", false)).toBe("Control+K");
});
