import { afterEach, expect, test, vi } from "vitest";
import { emptyDoc } from "~/core/document";
import { edited } from "~/core/history";
import { tabOf } from "~/stores/tabs";
import { dropLate, findLate, putLate } from "./late";

afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

const tab = tabOf(emptyDoc("a"));
const history = edited(tab.history, { key: "x" }, (d) => void (d.title = "b"), null, 0);
const late = { order: [tab.id], front: tab.id, tabs: [{ ...tab, history }], view: { x: 1, y: 2, zoom: 0.5 } };

test("#31 what was put aside for a window is there until it is dropped", () => {
  putLate("w", late);
  expect(findLate("other")).toBeNull();
  expect(findLate("w")).toEqual(late);
  expect(findLate("w")).toEqual(late);
  dropLate("w");
  expect(findLate("w")).toBeNull();
});

test("#31 what is too much with its history is kept without", () => {
  const texts = new Map<string, string>();
  const most = JSON.stringify(late).length - 1;
  vi.stubGlobal("localStorage", {
    setItem(key: string, text: string) {
      if (text.length > most) throw new DOMException("full", "QuotaExceededError");
      texts.set(key, text);
    },
    getItem: (key: string) => texts.get(key) ?? null,
    removeItem: (key: string) => texts.delete(key),
  });
  putLate("w", late);
  expect(findLate("w")?.tabs[0]?.history).toEqual({ doc: history.doc, past: [], future: [] });
});

test("#31 what is damaged is nothing", () => {
  localStorage.setItem("inkwater.late.w", "{");
  expect(findLate("w")).toBeNull();
});
