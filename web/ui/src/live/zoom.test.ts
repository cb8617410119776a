import fc from "fast-check";
import { expect, it } from "vitest";
import { panned, pinched, WHOLE, type Zoom, zoomed } from "./zoom";

const pixel = fc.integer({ min: -500, max: 500 });
const pair = fc.tuple(pixel, pixel);
const zoom: fc.Arbitrary<Zoom> = fc.record({ x: pixel, y: pixel, scale: fc.double({ min: 1, max: 16, noNaN: true }) });

/** Which point of the picture is at a point of the stage. */
const under = (z: Zoom, [x, y]: readonly [number, number]) => [(x - z.x) / z.scale, (y - z.y) / z.scale];

it("keeps what is under the pointer where it is", () => {
  fc.assert(
    fc.property(zoom, fc.double({ min: 1.01, max: 2, noNaN: true }), pair, (z, factor, at) => {
      const [x, y] = under(zoomed(z, factor, at), at);
      const [wasX, wasY] = under(z, at);
      expect(x).toBeCloseTo(wasX ?? 0, 5);
      expect(y).toBeCloseTo(wasY ?? 0, 5);
    }),
  );
});

it("is the whole picture when it is as small as can be", () => {
  fc.assert(
    fc.property(zoom, pair, (z, at) => {
      expect(zoomed(z, 0.001, at)).toEqual(WHOLE);
    }),
  );
  expect(panned(WHOLE, 10, 10)).toEqual(WHOLE);
});

it("two fingers that go apart enlarge", () => {
  expect(pinched(WHOLE, [10, 0], [40, 0], [-10, 0]).scale).toBeCloseTo(2.5);
});
