import fc from "fast-check";
import { expect, test } from "vitest";
import { likeness, near } from "./near";
import { choiceOf, drawn, filtered, listing, scrolledTo, SEEN } from "./rows";

const files = ["v1.safetensors", "sdxl/base.safetensors", "sdxl/refiner.ckpt", "anime/Mèo Đen.pt"];
const choices = files.map((file) => choiceOf(file, true));
const names = (query: string) => filtered(choices, query).map((choice) => choice.value);

test("#27 a file is shown by its name, its folder and its suffix", () => {
  expect(choiceOf("sdxl/turbo/base.fp16.safetensors", true)).toMatchObject({
    name: "base.fp16",
    suffix: ".safetensors",
    group: "sdxl/turbo",
  });
  expect(choiceOf("a\\b.pt", true)).toMatchObject({ name: "b", group: "a" });
  expect(choiceOf(".hidden", true)).toMatchObject({ name: ".hidden", suffix: "" });
  expect(choiceOf("euler/ancestral", false)).toMatchObject({ name: "euler/ancestral", group: "" });
});

test("#27 a list is filtered by words in any order, without diacritics", () => {
  expect(names("den meo")).toEqual(["anime/Mèo Đen.pt"]);
  expect(names("sdxl ref")).toEqual(["sdxl/refiner.ckpt"]);
  expect(names("e")).toEqual(["sdxl/base.safetensors", "sdxl/refiner.ckpt", "anime/Mèo Đen.pt", "v1.safetensors"]);
  expect(names("  ")).toEqual(files);
  expect(names("nothing")).toEqual([]);
});

test("#27 names that begin with what was typed come first", () => {
  const samplers = ["dpmpp_2m", "euler_ancestral", "euler", "my_euler"].map((s) => choiceOf(s, false));
  expect(filtered(samplers, "eu").map((c) => c.name)).toEqual(["euler_ancestral", "euler", "my_euler"]);
});

test("#27 files without a folder come first, the rest by folder, each choice once", () => {
  const { rows, choices: ordered, height } = listing(choices, 28);
  expect(rows.map((row) => (row.kind === "group" ? `[${row.title}]` : row.choice.name))).toEqual([
    "v1",
    "[sdxl]",
    "base",
    "refiner",
    "[anime]",
    "Mèo Đen",
  ]);
  expect(ordered.map((choice) => choice.value)).toEqual(files);
  expect(height).toBe(4 * 28 + 2 * 24);
});

test("#27 of ten thousand choices only those around what is seen are drawn, without a gap", () => {
  const { rows, height } = listing(
    Array.from({ length: 10_000 }, (_, i) => choiceOf(`m${i}`, false)),
    28,
  );
  fc.assert(
    fc.property(fc.nat(height - SEEN), (top) => {
      const some = drawn(rows, top);
      expect(some.length).toBeLessThan(40);
      expect(some[0]?.top ?? 1).toBeLessThanOrEqual(top);
      const last = some.at(-1);
      expect((last?.top ?? 0) + (last?.height ?? 0)).toBeGreaterThanOrEqual(top + SEEN);
    }),
  );
});

test("#27 a row that is scrolled to is seen whole", () => {
  const { rows } = listing(
    Array.from({ length: 100 }, (_, i) => choiceOf(`m${i}`, false)),
    28,
  );
  fc.assert(
    fc.property(fc.nat(99), fc.nat(2000), (at, from) => {
      const row = rows[at];
      if (!row) return;
      const top = scrolledTo(row, from);
      expect(row.top).toBeGreaterThanOrEqual(top);
      expect(row.top + row.height).toBeLessThanOrEqual(top + SEEN);
    }),
  );
});

test("#27 close names of one that is missing", () => {
  expect(near("SDXL/base_v2.safetensors", files)).toEqual(["sdxl/base.safetensors"]);
  expect(near("meo-den.ckpt", files)).toEqual(["anime/Mèo Đen.pt"]);
  expect(near("zzz", files)).toEqual([]);
});

test("#27 likeness is the same both ways, 1 for equals, within 0 and 1", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(likeness(a, b)).toBeCloseTo(likeness(b, a), 12);
      expect(likeness(a, a)).toBe(1);
      expect(likeness(a, b)).toBeGreaterThanOrEqual(0);
      expect(likeness(a, b)).toBeLessThanOrEqual(1);
    }),
  );
});
