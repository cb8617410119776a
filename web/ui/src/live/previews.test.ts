import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PAUSE, Previews } from "./previews";

const head = (job: string, node: string) => ({
  kind: "Preview" as const,
  job,
  node,
  width: 1,
  height: 1,
  format: "png",
});
const alive = new Set<string>();
let made = 0;

beforeEach(() => {
  vi.useFakeTimers();
  alive.clear();
  vi.spyOn(URL, "createObjectURL").mockImplementation(() => {
    const url = `blob:${++made}`;
    alive.add(url);
    return url;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((url) => void alive.delete(url));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it("#21 shows at most ten a second, the latest of those that came meanwhile", () => {
  const shown: string[] = [];
  const previews = new Previews((_, url) => void shown.push(url));
  for (let n = 0; n < 100; n++) {
    previews.take(head("j", "5"), new Blob([String(n)]));
    vi.advanceTimersByTime(10);
  }
  expect(shown.length).toBeGreaterThanOrEqual(9);
  expect(shown.length).toBeLessThanOrEqual(1000 / PAUSE + 1);
});

it("#21 keeps no URL but the last two of each node, and none after the end", () => {
  const previews = new Previews(() => {});
  for (let n = 0; n < 50; n++) {
    previews.take(head("j", "5"), new Blob());
    previews.take(head("j", "6"), new Blob());
    previews.take(head("k", "5"), new Blob());
    vi.advanceTimersByTime(PAUSE);
    expect(alive.size).toBeLessThanOrEqual(6);
  }
  previews.drop("j", "5");
  expect(alive.size).toBe(4);
  previews.drop("j", undefined, 1000);
  previews.drop("k");
  vi.advanceTimersByTime(2000);
  expect(alive.size).toBe(0);
  expect(previews.size).toBe(0);
});
