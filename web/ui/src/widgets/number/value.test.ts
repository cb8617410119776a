import fc from "fast-check";
import { expect, test } from "vitest";
import { wholeOf } from "~/core/integer";
import type { InputDef } from "~/core/types";
import { decimalsOf, fit, isSlider, limitsOf, moved, numberOf, type Pace, shareOf, stepOf } from "./value";

const def = (more: Partial<InputDef>): InputDef => ({ type: "INT", required: true, help: "", ...more });
const seed = limitsOf(def({ min: 0, max: "18446744073709551615" }));
const width = limitsOf(def({ min: 16, max: 16384, step: 8, default: 512 }));
const cfg = limitsOf(def({ type: "FLOAT", min: 0, max: 100, step: 0.1, round: 0.01 }));
const paces = fc.constantFrom<Pace>("fine", "usual", "coarse");

test("#27 whole numbers of 64 bits are kept exactly", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (n) => wholeOf(fit(n, seed).value) === n));
  expect(fit(1n << 64n, seed)).toEqual({ value: "18446744073709551615", adjusted: "max" });
  expect(moved(2n ** 53n, 1, seed, "usual")).toBe("9007199254740993");
});

test("#27 a typed number is clamped, and it is said why", () => {
  expect(fit(8n, width)).toEqual({ value: 16, adjusted: "min" });
  expect(fit(99999n, width)).toEqual({ value: 16384, adjusted: "max" });
  expect(fit(515n, width)).toEqual({ value: 512, adjusted: "step" });
  expect(fit(516n, width)).toEqual({ value: 520, adjusted: "step" });
  expect(fit(768, width)).toEqual({ value: 768, adjusted: null });
  expect(fit(7.123, cfg)).toEqual({ value: 7.12, adjusted: null });
  expect(fit(-0.5, cfg)).toEqual({ value: 0, adjusted: "min" });
});

test("#27 fitting twice is fitting once, and stays inside", () => {
  const limits = fc.constantFrom(width, cfg, seed);
  const numbers = fc.oneof(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.bigInt({ min: -1000000n, max: 1000000n }),
  );
  fc.assert(
    fc.property(limits, numbers, (some, n) => {
      const { value } = fit(n, some);
      expect(fit(some.whole ? (wholeOf(value) ?? 0n) : Number(value), some)).toEqual({ value, adjusted: null });
      expect(Number(value)).toBeGreaterThanOrEqual(Number(some.min));
      expect(Number(value)).toBeLessThanOrEqual(Number(some.max));
    }),
  );
});

test("#27 as many steps back as forth is where one was", () => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 600 }), fc.integer({ min: 1, max: 15 }), paces, (at, count, pace) => {
      const from = at / 10;
      const there = moved(from, count, cfg, pace);
      expect(moved(Number(there), -count, cfg, pace)).toBe(from);
      expect(Number(there) - from).toBeCloseTo(count * stepOf(cfg, pace), 9);
    }),
  );
});

test("#27 steps of decimals leave no dust", () => {
  const denoise = limitsOf(def({ type: "FLOAT", min: 0, max: 1, step: 0.01 }));
  let value = 0;
  for (let i = 1; i <= 100; i++) {
    value = Number(moved(value, 1, denoise, "usual"));
    expect(value).toBe(i / 100);
  }
});

test("#27 from between two steps the next step is the nearest one that way", () => {
  expect(moved(517n, 1, width, "usual")).toBe(520);
  expect(moved(517n, -1, width, "usual")).toBe(512);
  expect(moved(7.14, 1, cfg, "usual")).toBe(7.2);
  expect(moved(7.14, -1, cfg, "usual")).toBe(7.1);
  expect(moved(512n, 1, width, "coarse")).toBe(592);
});

test("#27 what cannot be read as a number is the default", () => {
  expect(numberOf("x", def({ default: 20 }))).toBe(20n);
  expect(numberOf(undefined, def({ type: "FLOAT", default: 0.5 }))).toBe(0.5);
  expect(numberOf(null, def({}))).toBe(0n);
  expect(numberOf("18446744073709551615", def({}))).toBe(18446744073709551615n);
});

test("#27 small ranges look like sliders", () => {
  expect(isSlider(def({ type: "FLOAT", min: 0, max: 1, step: 0.01 }))).toBe(true);
  expect(isSlider(def({ min: -24, max: -1 }))).toBe(true);
  expect(isSlider(def({ min: 1, max: 10000 }))).toBe(false);
  expect(isSlider(def({ type: "FLOAT", min: 0, max: 100, step: 0.1 }))).toBe(false);
  expect(isSlider(def({ type: "FLOAT" }))).toBe(false);
  expect(shareOf(-24n, limitsOf(def({ min: -24, max: -1 })))).toBe(0);
  expect(shareOf(0.25, limitsOf(def({ type: "FLOAT", min: 0, max: 1 })))).toBe(0.25);
});

test("#27 decimals of a step", () => {
  expect([1, 0.5, 0.05, 1e-7, 2.5e-7].map(decimalsOf)).toEqual([0, 1, 2, 7, 8]);
});
