import fc from "fast-check";
import { expect, test } from "vitest";
import { fitted, moved, spotAt } from "./spot";

test("a picture that is wider than its box lies in its middle", () => {
  const box = { left: 10, top: 0, width: 100, height: 100 };
  expect(fitted(box, { width: 200, height: 100 })).toEqual({ left: 10, top: 25, width: 100, height: 50 });
  expect(fitted(box, { width: 0, height: 0 })).toEqual(box);
});

test("a point on the picture is a spot, one beside it is none", () => {
  const picture = { left: 10, top: 25, width: 100, height: 50 };
  expect(spotAt(picture, 60, 50)).toEqual({ x: 0.5, y: 0.5 });
  expect(spotAt(picture, 60, 20)).toBeNull();
});

test("arrows go from cell to cell and stay on the picture", () => {
  expect(moved("ArrowRight", { x: 0.5, y: 0.5 }, [4, 2])).toEqual({ x: 0.875, y: 0.75 });
  expect(moved("Enter", { x: 0.5, y: 0.5 }, [4, 2])).toBeNull();
  const arrow = fc.constantFrom("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown");
  const side = fc.integer({ min: 1, max: 64 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(arrow, share, share, side, side, (key, x, y, across, down) => {
      const next = moved(key, { x, y }, [across, down]);
      expect(next && next.x > 0 && next.x < 1 && next.y > 0 && next.y < 1).toBe(true);
    }),
  );
});
