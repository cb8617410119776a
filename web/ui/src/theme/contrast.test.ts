import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync("src/theme/tokens.css", "utf8");
const THEMES = ["dark", "light", "contrast"] as const;

function colours(theme: string): Record<string, string> {
  const [, block = ""] = new RegExp(`\\[data-theme="${theme}"\\] \\{([^}]*)\\}`).exec(css) ?? [];
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, hex]));
}

/** Relative luminance, WCAG 2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ratio(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ["surface", "surface-raised", "surface-sunken", "surface-hover", "surface-active", "surface-overlay"];
const NODE = ["node", "node-header", "node-well"];
const KINDS = ["accent", "danger", "warn", "success"];

/** Pairs that are read: text on its ground. */
const READ: [string, string][] = [
  ...["text", "text-soft"].flatMap((t) => [...GROUNDS, ...NODE, "canvas"].map((g): [string, string] => [t, g])),
  ...[...GROUNDS.slice(0, 4), "surface-overlay", ...NODE, "canvas"].map((g): [string, string] => ["text-faint", g]),
  ...KINDS.flatMap((k) =>
    [`${k}-soft`, "surface", "surface-raised", "surface-overlay", "node"].map((g): [string, string] => [
      `${k}-text`,
      g,
    ]),
  ),
  ...KINDS.map((k): [string, string] => [`on-${k}`, k]),
  ["on-accent", "accent-hover"],
  ["on-danger", "danger-hover"],
  ["text", "accent-soft"],
  ["text", "heat"],
  ["heat-text", "node-well"],
];

const SOCKETS = Object.keys(colours("dark")).filter((name) => name.startsWith("socket-"));

/** Pairs that are told apart: marks and edges on their ground. */
const SEEN: [string, string][] = [
  ...[...SOCKETS, "node-running", "node-cached", "node-muted", "node-bypass"].flatMap((s): [string, string][] => [
    [s, "node"],
    [s, "canvas"],
  ]),
  ...["border-control", "focus", "accent"].flatMap((e) =>
    ["surface", "surface-raised", "surface-sunken", "surface-overlay", "canvas"].map((g): [string, string] => [e, g]),
  ),
  ["selection", "canvas"],
];

describe.each(THEMES)("#33 the theme %s", (theme) => {
  const c = colours(theme);
  const at = (name: string) => c[name] ?? expect.fail(`--${name} is not a colour of ${theme}`);
  const weak = (pairs: [string, string][], least: number) =>
    pairs
      .map(([a, b]) => [`${a} on ${b}`, ratio(at(a), at(b))] as const)
      .filter(([, r]) => r < least)
      .map(([name, r]) => `${name}: ${r.toFixed(2)}`);

  test("names the same colours as the others", () => {
    expect(Object.keys(c)).toEqual(Object.keys(colours("dark")));
  });

  test("text can be read", () => {
    expect(weak(READ, theme === "contrast" ? 7 : 4.5)).toEqual([]);
  });

  test("marks and edges can be seen", () => {
    expect(weak(SEEN, theme === "contrast" ? 4.5 : 3)).toEqual([]);
  });
});

test("#33 the ratio is WCAG's", () => {
  expect(ratio("#000000", "#ffffff")).toBeCloseTo(21);
  expect(ratio("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});
