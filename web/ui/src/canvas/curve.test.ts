import fc from "fast-check";
import { expect, test } from "vitest";
import type { Point } from "~/core/types";
import { type Course, crosses, nearest, pathOf, pieces, pointAt, sampled } from "./curve";

const point = fc.tuple(fc.integer({ min: -4000, max: 4000 }), fc.integer({ min: -4000, max: 4000 }));
const points = fc.array(point, { maxLength: 4 });
const course = fc.constantFrom<Course>("curve", "straight", "step", "hidden");

const close = (a: Point, b: Point) => expect(Math.hypot(a[0] - b[0], a[1] - b[1])).toBeLessThan(1e-6);

test("#6 a link goes from its output over each of its points to its input", () => {
  fc.assert(
    fc.property(point, point, points, course, (from, to, over, how) => {
      const some = pieces(from, to, over, how);
      const stops = [from, ...over, to];
      expect(some).toHaveLength(over.length + 1);
      for (const [n, one] of some.entries()) {
        close(pointAt(one, 0), stops[n] ?? from);
        close(pointAt(one, 1), stops[n + 1] ?? to);
      }
    }),
  );
});

test("#6 a link leaves its ends level, forwards", () => {
  fc.assert(
    fc.property(point, point, (from, to) => {
      const [one] = pieces(from, to, []);
      if (!one) throw new Error("no piece");
      expect(one[1][1]).toBe(from[1]);
      expect(one[1][0]).toBeGreaterThanOrEqual(from[0]);
      expect(one[2][1]).toBe(to[1]);
      expect(one[2][0]).toBeLessThanOrEqual(to[0]);
    }),
  );
});

test("#6 between two level points a link runs straight, also back", () => {
  fc.assert(
    fc.property(point, point, point, fc.integer({ min: -900, max: 900 }), (from, to, [x, y], by) => {
      const [, middle] = pieces(from, to, [
        [x, y],
        [x + by, y],
      ]);
      for (const [px, py] of sampled(middle ? [middle] : [])) {
        expect(py).toBeCloseTo(y, 6);
        expect(px).toBeGreaterThanOrEqual(Math.min(x, x + by) - 1e-6);
        expect(px).toBeLessThanOrEqual(Math.max(x, x + by) + 1e-6);
      }
    }),
  );
});

test("#6 a point on a link is at no distance from it, in the piece that it is on", () => {
  fc.assert(
    fc.property(point, point, points, fc.nat(), fc.integer({ min: 0, max: 16 }), (from, to, over, pick, step) => {
      const some = pieces(from, to, over);
      const index = pick % some.length;
      const one = some[index];
      if (!one) throw new Error("no piece");
      const at = pointAt(one, step / 16);
      const found = nearest(some, at);
      expect(found.distance).toBeLessThan(1e-6);
      const own = nearest([one], at).distance;
      expect(own).toBeLessThan(1e-6);
    }),
  );
});

test("#7 a cut across a straight link crosses it, one beside it does not", () => {
  const link = sampled(pieces([0, 0], [100, 0], [], "straight"));
  expect(
    crosses(link, [
      [50, -20],
      [50, 20],
    ]),
  ).toBe(true);
  expect(
    crosses(link, [
      [50, 5],
      [50, 20],
    ]),
  ).toBe(false);
  expect(
    crosses(link, [
      [150, -20],
      [150, 20],
    ]),
  ).toBe(false);
});

test("#7 crossing does not depend on which line is which, nor on the way they run", () => {
  const line = fc.array(point, { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(line, line, (a, b) => {
      const found = crosses(a, b);
      expect(crosses(b, a)).toBe(found);
      expect(crosses(a.toReversed(), b)).toBe(found);
    }),
  );
});

test("a path begins at the output and ends at the input", () => {
  expect(pathOf(pieces([0, 0], [10, 20], [], "straight"), "straight")).toBe("M0,0L10,20");
  expect(pathOf(pieces([0, 0], [10, 20], [], "step"), "step")).toBe("M0,0H5V20H10");
  expect(pathOf([])).toBe("");
});
