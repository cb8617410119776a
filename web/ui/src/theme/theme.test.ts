import { afterEach, expect, test } from "vitest";
import { useSettings } from "~/stores/settings";
import { followTheme, motionOf, themeOf } from "~/theme";

afterEach(() => useSettings.getState().reset());

test.each([
  ["system", false, false, "dark"],
  ["system", true, false, "light"],
  ["system", true, true, "contrast"],
  ["dark", true, true, "dark"],
  ["contrast", true, false, "contrast"],
] as const)("#33 %s with light %s and more contrast %s is %s", (chosen, light, contrast, shown) => {
  expect(themeOf(chosen, light, contrast)).toBe(shown);
});

test("#20 movement follows the machine unless the reader chose", () => {
  expect([motionOf("system", true), motionOf("system", false), motionOf("full", true)]).toEqual([
    "reduced",
    "full",
    "full",
  ]);
});

test("#33 a change of the setting changes the document", () => {
  followTheme();
  useSettings.getState().change({ theme: "light", motion: "reduced" });
  expect(document.documentElement.dataset).toMatchObject({ theme: "light", motion: "reduced" });
});
