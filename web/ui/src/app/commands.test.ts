/** All commands that the parts register. */

import { describe, expect, test } from "vitest";
import "~/features";
import { allCommands, type Command } from "~/commands/registry";
import { panels } from "~/shell/slots";
import { byTopic } from "~/shell/keys/topics";
import { MENUS } from "~/shell/menus";
import i18next from "~/i18n";

const says = (key: string, lng: string) => i18next.exists(key, { lng, fallbackLng: [] });

/** A key as it may be written: "Mod+Shift+E", "?", "Delete". */
const KEYS = /^(?:Mod\+)?(?:Ctrl\+)?(?:Alt\+)?(?:Shift\+)?(?:[A-Z0-9]|[^\sA-Za-z0-9]|[A-Z][A-Za-z0-9]+)$/;

/** Where a key counts: the canvas has it when nothing else has the focus. */
const place = (command: Command) => command.target ?? "canvas";

describe("#18 every command", () => {
  test("has a title in both languages", () => {
    const silent = allCommands().filter(({ title }) => !says(title, "en") || !says(title, "vi"));
    expect(silent.map((c) => `${c.id}: ${c.title}`)).toEqual([]);
  });

  test("has keys that can be pressed", () => {
    const odd = allCommands().flatMap((c) => (c.keys ?? []).filter((k) => !KEYS.test(k)).map((k) => `${c.id}: ${k}`));
    expect(odd).toEqual([]);
  });

  test("has its keys for itself, unless a condition parts it from others", () => {
    const owners = new Map<string, string[]>();
    for (const command of allCommands().filter((c) => !c.when))
      for (const keys of command.keys ?? []) {
        const at = `${place(command)} ${keys}`;
        owners.set(at, [...(owners.get(at) ?? []), command.id]);
      }
    expect([...owners].filter(([, ids]) => ids.length > 1)).toEqual([]);
  });
});

test("#34 every panel has a title in both languages", () => {
  expect(panels.filter(({ title }) => !says(title, "en") || !says(title, "vi")).map((p) => p.id)).toEqual([]);
});

const owner = (keys: string) => allCommands().find((c) => c.keys?.includes(keys))?.id;

test("#18 the map has ComfyUI's keys", () => {
  const missing = [
    "Mod+Enter",
    "Mod+Shift+Enter",
    "Mod+Alt+Enter",
    "Mod+S",
    "Mod+O",
    "Mod+Z",
    "Mod+Shift+Z",
    "Mod+Y",
    "Mod+A",
    "Mod+C",
    "Mod+V",
    "Mod+Shift+V",
    "Delete",
    "Backspace",
    "Mod+G",
    "Mod+M",
    "Mod+B",
    "Alt+C",
    "P",
    "Mod+Shift+E",
    "Escape",
    ".",
    "Alt+=",
    "Alt+-",
    "Alt+M",
    "R",
    "W",
    "N",
    "A",
    "Mod+,",
    "Tab",
    "Space",
    "Shift+A",
    "F",
    "L",
    "Mod+D",
    "Mod+K",
    "?",
  ].filter((keys) => owner(keys) === undefined);
  expect(missing).toEqual([]);
});

test("#18 every topic of the key help is named in both languages", () => {
  const topics = byTopic(allCommands().filter((c) => !c.hidden)).map(([topic]) => `shell:topic.${topic}`);
  expect(topics.filter((key) => !says(key, "en") || !says(key, "vi"))).toEqual([]);
});

test("the main menu has no command that nobody registered", () => {
  const ids = new Set(allCommands().map((c) => c.id));
  expect(MENUS.flatMap((menu) => menu.groups.flat()).filter((id) => !ids.has(id))).toEqual([]);
});

test("the main menu names no command twice", () => {
  const ids = MENUS.flatMap((menu) => menu.groups.flat());
  expect(ids).toHaveLength(new Set(ids).size);
});
