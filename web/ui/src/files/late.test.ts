import { afterEach, expect, test, vi } from "vitest";
import { emptyDoc } from "~/core/document";
import { edited } from "~/core/history";
import { tabOf } from "~/stores/tabs";
import { putLate, takeLate } from "./late";

afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

const tab = tabOf(emptyDoc("a"));
const history = edited(tab.history, { key: "x" }, (d) => void (d.title = "b"), null, 0);
const late = { order: [tab.id], front: tab.id, tabs: [{ ...tab, history }] };

test("#31 what was put aside for a window is taken once", () => {
  putLate("w", late);
  expect(takeLate("other")).toBeNull();
  expect(takeLate("w")).toEqual(late);
  expect(takeLate("w")).toBeNull();
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
  expect(takeLate("w")?.tabs[0]?.history).toEqual({ doc: history.doc, past: [], future: [] });
});

test("#31 what is damaged is nothing", () => {
  localStorage.setItem("inkwater.late.w", "{");
  expect(takeLate("w")).toBeNull();
  expect(localStorage.length).toBe(0);
});
