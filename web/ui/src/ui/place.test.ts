import fc from "fast-check";
import { expect, test } from "vitest";
import { placed } from "./place";

const view = { width: 1000, height: 800 };

test("a box lies below its anchor, their left edges level", () => {
  expect(placed({ x: 100, y: 50, width: 30, height: 20 }, { width: 200, height: 300 }, view)).toEqual({
    x: 100,
    y: 74,
  });
});

test("it turns over where there is no room", () => {
  expect(placed({ x: 100, y: 700, width: 30, height: 20 }, { width: 200, height: 300 }, view).y).toBe(396);
  expect(placed({ x: 900, y: 100, width: 60, height: 20 }, { width: 200, height: 300 }, view, "right").x).toBe(696);
});

test("it stays in the window wherever its anchor is", () => {
  const some = fc.integer({ min: -500, max: 1500 });
  const side = fc.constantFrom("below", "above", "left", "right");
  fc.assert(
    fc.property(some, some, side, (x, y, on) => {
      const at = placed({ x, y, width: 20, height: 20 }, { width: 300, height: 200 }, view, on);
      expect(at.x).toBeGreaterThanOrEqual(8);
      expect(at.y).toBeGreaterThanOrEqual(8);
      expect(at.x + 300).toBeLessThanOrEqual(992);
      expect(at.y + 200).toBeLessThanOrEqual(792);
    }),
  );
});
