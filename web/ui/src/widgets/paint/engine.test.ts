import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { feathered, inverted, isClear } from "./alpha";
import { between, falloff, radiusAt } from "./brush";
import { type Ink, Painting } from "./engine";
import { blank, cropped, type Layer, pasted, type Rect } from "./layer";
import { flood } from "./shapes";

const SIDE = 32;
const ink: Ink = { color: [255, 0, 0], strength: 1, erase: false };
const brush = { size: 8, hardness: 1 };
const at = (x: number, y: number, pressure = 1) => ({ x, y, pressure });
const alpha = ({ width, data }: Layer, x: number, y: number) => data[(y * width + x) * 4 + 3];
const alphas = ({ data }: Layer) => Array.from({ length: data.length / 4 }, (_, i) => data[i * 4 + 3] ?? 0);

const made = () => {
  const dirty: Rect[] = [];
  const painting = new Painting(blank(SIDE, SIDE), (rect) => dirty.push(rect));
  return { painting, layer: painting.layer, dirty };
};

/** `toEqual` takes a while over thousands of bytes. */
const equal = (a: Uint8ClampedArray<ArrayBuffer>, b: Uint8ClampedArray<ArrayBuffer> | undefined) =>
  b !== undefined && Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

/** Anything that one can do to a painting. */
const place = fc.integer({ min: -10, max: SIDE + 10 });
const inks = fc.record({
  color: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)),
  strength: fc.constantFrom(0.3, 1),
  erase: fc.boolean(),
});
const acts: fc.Arbitrary<(p: Painting) => void> = fc.oneof(
  fc
    .tuple(fc.array(fc.tuple(place, place), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 20 }), inks)
    .map(([[first, ...rest], size, some]) => (p: Painting) => {
      p.begin(at(first?.[0] ?? 0, first?.[1] ?? 0), { size, hardness: 0.5 }, some);
      for (const [x, y] of rest) p.extend(at(x, y, 0.5));
      p.end();
    }),
  fc.tuple(place, place, place, place, inks).map(
    ([x, y, a, b, some]) =>
      (p: Painting) =>
        p.rectangle({ x, y }, { x: a, y: b }, some),
  ),
  fc.tuple(fc.array(fc.record({ x: place, y: place }), { minLength: 3, maxLength: 6 }), inks).map(
    ([outline, some]) =>
      (p: Painting) =>
        p.lasso(outline, some),
  ),
  fc.tuple(place, place, inks).map(
    ([x, y, some]) =>
      (p: Painting) =>
        p.flood({ x, y }, p.layer, 10, some),
  ),
  fc.constant((p: Painting) => p.clear()),
  fc.constant((p: Painting) => p.invert([1, 2, 3])),
  fc.integer({ min: 1, max: 6 }).map((radius) => (p: Painting) => p.feather(radius, [1, 2, 3])),
);

describe("#29 undo", () => {
  test("takes back everything, and redo brings it again", () => {
    fc.assert(
      fc.property(fc.array(acts, { minLength: 1, maxLength: 6 }), (some) => {
        const { painting, layer } = made();
        const states = [layer.data.slice()];
        for (const act of some) {
          act(painting);
          states.push(layer.data.slice());
        }
        const last = states.at(-1);
        let steps = 0;
        while (painting.canUndo) {
          painting.undo();
          steps++;
        }
        expect(equal(layer.data, states[0])).toBe(true);
        for (; steps > 0; steps--) painting.redo();
        expect(painting.canRedo).toBe(false);
        expect(equal(layer.data, last)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test("goes on from where it is: a new stroke forgets what was undone", () => {
    const { painting } = made();
    painting.rectangle({ x: 0, y: 0 }, { x: 4, y: 4 }, ink);
    painting.undo();
    painting.rectangle({ x: 8, y: 8 }, { x: 9, y: 9 }, ink);
    expect(painting.canRedo).toBe(false);
    expect(alpha(painting.layer, 0, 0)).toBe(0);
  });

  test("a stroke that is given up leaves nothing", () => {
    const { painting, layer } = made();
    painting.begin(at(10, 10), brush, ink);
    painting.extend(at(20, 20));
    painting.cancel();
    expect(isClear(layer)).toBe(true);
    expect(painting.canUndo).toBe(false);
  });
});

describe("#29 strokes", () => {
  test("cover what they pass, and nothing that is farther than the brush", () => {
    const { painting, layer } = made();
    painting.begin(at(8, 16), brush, ink);
    painting.extend(at(24, 16));
    painting.end();
    for (let x = 8; x <= 23; x++) expect(alpha(layer, x, 16)).toBe(255);
    for (let x = 0; x < SIDE; x++) expect(alpha(layer, x, 22)).toBe(0);
    expect(painting.canUndo).toBe(true);
  });

  test("a half strong stroke that crosses itself stays half strong", () => {
    const { painting, layer } = made();
    painting.begin(at(8, 16), brush, { ...ink, strength: 0.5 });
    for (const x of [24, 8, 24]) painting.extend(at(x, 16));
    painting.end();
    expect(alpha(layer, 16, 16)).toBe(128);
  });

  test("erasing what was painted leaves the picture clear", () => {
    const { painting, layer } = made();
    painting.begin(at(16, 16), brush, ink);
    painting.end();
    painting.begin(at(16, 16), { ...brush, size: 16 }, { ...ink, erase: true });
    painting.end();
    expect(isClear(layer)).toBe(true);
  });

  test("tell exactly what changed", () => {
    fc.assert(
      fc.property(acts, acts, (first, second) => {
        const { painting, layer, dirty } = made();
        first(painting);
        const before = layer.data.slice();
        dirty.length = 0;
        second(painting);
        const told = new Uint8Array(SIDE * SIDE);
        for (const r of dirty)
          for (let y = r.top; y < r.bottom; y++) told.fill(1, y * SIDE + r.left, y * SIDE + r.right);
        const untold = before.findIndex((value, i) => value !== layer.data[i] && !told[i >> 2]);
        expect(untold).toBe(-1);
      }),
      { numRuns: 40 },
    );
  });

  test("a pen that is pressed harder draws wider", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (a, b) => {
        if (a < b) expect(radiusAt(brush, a)).toBeLessThanOrEqual(radiusAt(brush, b));
      }),
    );
  });

  test("dabs end where the pointer is and are never far apart", () => {
    fc.assert(
      fc.property(place, place, (x, y) => {
        const dabs = between(at(0, 0), at(x, y), brush);
        expect(dabs.at(-1)).toEqual(at(x, y));
        let from = at(0, 0);
        for (const one of dabs) {
          expect(Math.hypot(one.x - from.x, one.y - from.y)).toBeLessThanOrEqual(radiusAt(brush, 1) * 0.2 + 1e-9);
          from = one;
        }
      }),
    );
  });

  test("the edge falls from all to nothing, smoothly", () => {
    for (const hardness of [0, 0.5, 1]) {
      const values = Array.from({ length: 200 }, (_, i) => falloff(i / 10, 10, hardness));
      expect(values[0]).toBe(1);
      expect(values.at(-1)).toBe(0);
      expect(values).toEqual(values.toSorted((a, b) => b - a));
    }
  });
});

describe("#29 fill", () => {
  test("fills a closed outline and stops at it", () => {
    const { painting, layer } = made();
    painting.rectangle({ x: 4, y: 4 }, { x: 20, y: 20 }, ink);
    painting.rectangle({ x: 6, y: 6 }, { x: 18, y: 18 }, { ...ink, erase: true });
    painting.flood({ x: 10, y: 10 }, layer, 10, ink);
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) expect(alpha(layer, x, y)).toBe(x >= 4 && x < 20 && y >= 4 && y < 20 ? 255 : 0);
  });

  test("covers exactly what hangs together, as a plain search finds it", () => {
    const bits = fc.array(fc.boolean(), { minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(bits, fc.nat(7), fc.nat(7), (walls, x, y) => {
        const look = blank(8, 8);
        walls.forEach((wall, i) => (look.data[i * 4 + 3] = wall ? 255 : 0));
        const cover = new Uint8Array(64);
        flood(cover, look, { x, y }, 0);
        const wanted = new Set<number>();
        const visit = (px: number, py: number) => {
          const i = py * 8 + px;
          if (px < 0 || py < 0 || px > 7 || py > 7 || wanted.has(i) || walls[i] !== walls[y * 8 + x]) return;
          wanted.add(i);
          visit(px + 1, py);
          visit(px - 1, py);
          visit(px, py + 1);
          visit(px, py - 1);
        };
        visit(x, y);
        expect([...cover].flatMap((c, i) => (c ? [i] : [])).toSorted((a, b) => a - b)).toEqual(
          [...wanted].toSorted((a, b) => a - b),
        );
      }),
    );
  });
});

describe("#29 the whole mask", () => {
  const random = fc.array(fc.nat(255), { minLength: 36, maxLength: 36 }).map((values) => {
    const layer = blank(6, 6);
    values.forEach((value, i) => (layer.data[i * 4 + 3] = value));
    return layer;
  });

  test("inverted twice is as it was", () => {
    fc.assert(
      fc.property(random, (layer) => {
        const before = layer.data.slice();
        inverted(layer);
        expect(alphas(layer)).toEqual(alphas({ ...layer, data: before }).map((value) => 255 - value));
        inverted(layer);
        expect(layer.data).toEqual(before);
      }),
    );
  });

  test("feathering keeps a level mask level and never leaves its bounds", () => {
    fc.assert(
      fc.property(random, fc.integer({ min: 1, max: 8 }), (layer, radius) => {
        const before = alphas(layer);
        feathered(layer, radius);
        expect(Math.min(...alphas(layer))).toBeGreaterThanOrEqual(Math.min(...before) - 1);
        expect(Math.max(...alphas(layer))).toBeLessThanOrEqual(Math.max(...before) + 1);
      }),
    );
    const level = blank(6, 6);
    for (let i = 3; i < level.data.length; i += 4) level.data[i] = 77;
    feathered(level, 4);
    expect(new Set(alphas(level))).toEqual(new Set([77]));
  });

  test("feathering softens an edge evenly and keeps how much is masked", () => {
    const { painting, layer } = made();
    painting.rectangle({ x: 12, y: 12 }, { x: 20, y: 20 }, ink);
    const before = alphas(layer).reduce((sum, value) => sum + value, 0);
    painting.feather(4, [255, 0, 0]);
    const after = alphas(layer).reduce((sum, value) => sum + value, 0);
    expect(Math.abs(after - before) / before).toBeLessThan(0.02);
    expect(alpha(layer, 11, 16)).toBe(alpha(layer, 20, 16));
    expect(alpha(layer, 11, 16)).toBeGreaterThan(0);
    expect(alpha(layer, 12, 16)).toBeLessThan(255);
  });
});

test("#29 pixels that are cropped and pasted are as they were", () => {
  fc.assert(
    fc.property(fc.nat(7), fc.nat(7), fc.nat(8), fc.nat(8), (left, top, width, height) => {
      const layer = blank(8, 8);
      layer.data.forEach((_, i) => (layer.data[i] = (i * 7) % 256));
      const before = layer.data.slice();
      const rect = { left, top, right: Math.min(8, left + width), bottom: Math.min(8, top + height) };
      const pixels = cropped(layer, rect);
      for (let y = rect.top; y < rect.bottom; y++)
        layer.data.fill(0, (y * 8 + rect.left) * 4, (y * 8 + rect.right) * 4);
      pasted(layer, rect, pixels);
      expect(layer.data).toEqual(before);
    }),
  );
});
