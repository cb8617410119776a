import fc from "fast-check";
import { expect, test } from "vitest";
import { between, kept, wholeOf } from "./integer";
import { CONTROLS, controlOf, LARGEST, nextSeed, randomBetween, seedLimits, setControl } from "./seed";
import type { GraphNode, InputDef } from "./types";

const seeds = fc.bigInt({ min: 0n, max: LARGEST });
const node: GraphNode = { type: "KSampler", values: {}, links: {}, pos: [0, 0], meta: {} };

test("#26 a whole number survives being kept and read", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(1n << 64n), max: 1n << 64n }), (n) => wholeOf(kept(n)) === n));
});

test("#26 what is no whole number is none", () => {
  for (const value of [1.5, "1.5", "", "x", "0x10", null, true, [1], undefined, Number.NaN])
    expect(wholeOf(value)).toBeNull();
});

test("#26 a seed is a number up to 2^53 and a decimal string beyond", () => {
  expect(kept(2n ** 53n - 1n)).toBe(9007199254740991);
  expect(kept(2n ** 53n + 1n)).toBe("9007199254740993");
  expect(kept(LARGEST)).toBe("18446744073709551615");
});

test("#26 increment and decrement undo each other exactly, also past the ends", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const up = nextSeed("increment", kept(seed));
      expect(wholeOf(nextSeed("decrement", up))).toBe(seed);
      expect(wholeOf(up)).toBe(seed === LARGEST ? 0n : seed + 1n);
    }),
  );
});

test("#26 a fixed seed stays, of whatever form it is", () => {
  fc.assert(fc.property(seeds, (seed) => nextSeed("fixed", seed.toString()) === kept(seed)));
});

test("#26 every control gives a seed within its limits", () => {
  fc.assert(
    fc.property(fc.constantFrom(...CONTROLS), seeds, seeds, fc.bigInt({ min: 0n, max: LARGEST }), (c, a, max, bits) => {
      const next = wholeOf(nextSeed(c, kept(a), max, () => (bits = (bits * 6364136223846793005n + 1n) & LARGEST)));
      expect(next).toBe(between(next ?? -1n, 0n, max));
    }),
  );
});

test("#26 random numbers reach both ends and are as likely", () => {
  const drawn = [0n, 1n, 2n, 3n, 4n, 5n].map((bits) => randomBetween(10n, 12n, () => bits));
  expect(drawn).toEqual([10n, 11n, 12n, 10n, 11n, 12n]);
  // 2^64 = 1 (mod 3): the last number would make 10 likelier, and is drawn again.
  const draws = [LARGEST, 4n];
  expect(randomBetween(10n, 12n, () => draws.shift() ?? 0n)).toBe(11n);
});

test("#26 the control of each seed is kept beside the others", () => {
  const draft = structuredClone(node) as Parameters<typeof setControl>[0];
  setControl(draft, "seed", "randomize");
  setControl(draft, "noise_seed", "increment");
  expect(draft.meta["control"]).toEqual({ seed: "randomize", noise_seed: "increment" });
  expect(controlOf(draft, "seed")).toBe("randomize");
  expect(controlOf(draft, "other")).toBe("fixed");
  expect(controlOf({ ...node, meta: { control: "nonsense" } }, "seed")).toBe("fixed");
});

test("#26 limits of a seed are exact", () => {
  const def: InputDef = {
    type: "INT",
    required: true,
    help: "",
    min: "-9223372036854775807",
    max: "9223372036854775807",
  };
  expect(seedLimits(def)).toEqual([-9223372036854775807n, 9223372036854775807n]);
  expect(seedLimits({ type: "INT", required: true, help: "" })).toEqual([0n, LARGEST]);
});
