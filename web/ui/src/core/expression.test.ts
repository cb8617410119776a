import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate, type Numeric } from "./expression";

const value = (text: string) => {
  const outcome = evaluate(text);
  return outcome.ok ? outcome.value : outcome.error.key;
};

test.each<[string, Numeric]>([
  ["512*1.5", 768],
  ["2^64-1", 18446744073709551615n],
  ["1 + 2 * 3", 7n],
  ["(1 + 2) * 3", 9n],
  ["-2^2", -4n],
  ["2^-1", 0.5],
  ["2^3^2", 512n],
  ["2**10", 1024n],
  ["7/2", 3.5],
  ["8/2", 4n],
  ["-7 % 3", 2n],
  ["-7.5 % 2", 0.5],
  ["7 % -3", -2n],
  ["max(64, 100/3, 12)", 64n],
  ["min(3)", 3n],
  ["round(2.5)+floor(-1.5)+ceil(1.2)", 3n],
  ["sqrt(2)^2", Math.SQRT2 ** 2],
  ["pi*2", Math.PI * 2],
  ["1e3", 1000],
  [".5 + 1.", 1.5],
  ["1,5", 1.5],
  ["4 × 5 ÷ 2 − 1", 9n],
  ["MAX(1,2)", 2n],
])("#27 %s is %s", (text, expected) => expect(value(text)).toEqual(expected));

test.each<[string, string, number]>([
  ["", "unfinished", 0],
  ["512*", "unfinished", 4],
  ["(1", "unfinished", 2],
  ["1)", "unexpected", 1],
  ["1 2", "unexpected", 2],
  ["1/0", "zero", 1],
  ["1%0", "zero", 1],
  ["a+1", "name", 0],
  ["constructor(1)", "name", 0],
  ["__proto__", "character", 0],
  ["1 + $", "character", 4],
  ["max 1", "bracket", 4],
  ["sqrt(1,2)", "arguments", 0],
  ["sqrt(-1)", "infinite", 0],
  ["10^10^10", "infinite", 2],
  ["9".repeat(1400), "long", 1000],
  ["(".repeat(60), "deep", 50],
])("#27 %.20s is refused: %s", (text, key, at) => {
  expect(evaluate(text)).toMatchObject({ ok: false, at, error: { key: `widgets:sum.${key}` } });
});

/** A sum as text with its value by BigInt itself. */
const sums: fc.Arbitrary<readonly [string, bigint]> = fc.letrec<{ sum: readonly [string, bigint] }>((tie) => ({
  sum: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.bigInt({ min: 0n, max: 1n << 70n }).map((n) => [n.toString(), n] as const),
    fc.tuple(tie("sum"), fc.constantFrom("+", "-", "*"), tie("sum")).map(([a, sign, b]) => {
      const result = sign === "+" ? a[1] + b[1] : sign === "-" ? a[1] - b[1] : a[1] * b[1];
      return [`(${a[0]} ${sign}${b[0]})`, result] as const;
    }),
    tie("sum").map((a) => [`-(${a[0]})`, -a[1]] as const),
  ),
})).sum;

test("#27 sums of whole numbers are exact at any size", () => {
  fc.assert(
    fc.property(
      sums.filter(([text]) => text.length < 900),
      ([text, expected]) => value(text) === expected,
    ),
  );
});

test("#27 division and remainder belong together", () => {
  const whole = fc.bigInt({ min: -1000n, max: 1000n });
  fc.assert(
    fc.property(
      whole,
      whole.filter((b) => b !== 0n),
      (a, b) => value(`(${b})*floor((${a})/(${b})) + (${a})%(${b})`) === a,
    ),
  );
});

test("#27 a decimal number is what JavaScript reads", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (n) => Number(value(String(n))) === n));
});

test("#27 no text makes it throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."0123456789.,+-*/%^() eEpimax$\n") }), (text) => {
      const outcome = evaluate(text);
      expect(
        outcome.ok ? Number.isFinite(Number(outcome.value)) || typeof outcome.value === "bigint" : outcome.at >= 0,
      ).toBe(true);
    }),
  );
});
