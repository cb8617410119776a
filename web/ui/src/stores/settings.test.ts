import { beforeEach, expect, test } from "vitest";
import { STORED, settingsOf, useSettings } from "~/stores/settings";

beforeEach(() => useSettings.getState().reset());

test("a change is kept in the browser", () => {
  useSettings.getState().change({ theme: "light", keys: { "run.queue": ["F5"] } });
  const kept = settingsOf(JSON.parse(localStorage.getItem(STORED) ?? ""));
  expect([kept.theme, kept.keys]).toEqual(["light", { "run.queue": ["F5"] }]);
});

test("one damaged setting does not lose the others", () => {
  const read = settingsOf({ theme: "mauve", gridSize: 10, sizes: { left: "wide", right: 500 }, unknown: 1 });
  expect(read).toMatchObject({ theme: "system", gridSize: 10, sizes: { left: 280, right: 500, bottom: 240 } });
});

test.each([null, "text", [], 7])("what is no settings at all is as at the start: %j", (stored) => {
  expect(settingsOf(stored)).toEqual(settingsOf({}));
});
