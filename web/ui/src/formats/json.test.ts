import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "~/core/types";
import { JsonError, isLong, readJson, writeJson } from "./json";

/** Any JSON but long digits as text, which stand for numbers, and -0, which JSON.stringify does not write. */
const json = fc
  .jsonValue({ maxDepth: 5, noUnicodeString: false })
  .map((v) => JSON.parse(JSON.stringify(v)) as Json)
  .filter((v) => !/\d{16}"|__proto__/.test(JSON.stringify(v)));

const key = (text: string): string | null => {
  try {
    readJson(text);
    return null;
  } catch (error) {
    return error instanceof JsonError ? error.key : String(error);
  }
};

describe("reading", () => {
  test("#26 whole numbers up to 64 bits are exact", () => {
    expect(readJson('{"seed": 18446744073709551615, "b": [-9223372036854775808, 9007199254740991]}')).toEqual({
      seed: "18446744073709551615",
      b: ["-9223372036854775808", 9007199254740991],
    });
  });

  test("digits in strings stay as they are", () => {
    expect(readJson('{"a": "x \\" 18446744073709551615", "b": 18446744073709551615}')).toEqual({
      a: 'x " 18446744073709551615',
      b: "18446744073709551615",
    });
  });

  test.each([
    ["{", "json.syntax"],
    ["", "json.syntax"],
    ["[1e999]", "json.number"],
    ["[NaN]", "json.syntax"],
    ["[99999999999999999999999]", "json.number"],
    ["[00000000000000000001]", "json.syntax"],
    ["[".repeat(65) + "]".repeat(65), "json.deep"],
    ["[".repeat(64) + "]".repeat(64), null],
    ['{"__proto__": 1}', "json.proto"],
    ['["__proto__"]', null],
    ["\ufeff{}", null],
    ["[1.0000000000000000001]", null],
    ["[1e15]", null],
  ])("%s", (text, expected) => {
    expect(key(text)).toBe(expected);
  });
});

describe("writing", () => {
  test("what is written is read back the same, with and without indents", () => {
    fc.assert(
      fc.property(json, fc.constantFrom(0, 2), (value, indent) => {
        expect(readJson(writeJson(value, indent))).toEqual(value);
      }),
    );
  });

  test("it is JSON as JSON.stringify writes it", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(writeJson(value))).toEqual(value);
      }),
    );
  });

  test("#26 long whole numbers are numbers in the text", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (n) => {
        const text = `{"seed":${n}}`;
        expect(writeJson(readJson(text))).toBe(text);
      }),
    );
  });

  test("floats that are whole keep being floats", () => {
    expect(writeJson([1e17, 2 ** 60, 1e300])).toBe("[1e+17,1.152921504606847e+18,1e+300]");
    expect(readJson(writeJson([1e17]))).toEqual([1e17]);
  });

  test("text of digits stays text where a file has text", () => {
    expect(writeJson({ text: "12345678901234567890", title: "12345678901234567890" })).toBe(
      '{"text":"12345678901234567890","title":"12345678901234567890"}',
    );
  });

  test("no numbers that JSON does not have", () => {
    expect(() => writeJson([Number.NaN])).toThrow(JsonError);
    expect(() => writeJson({ a: Infinity })).toThrow(JsonError);
  });
});

test("what counts as a long number", () => {
  expect(["9007199254740991", "9007199254740993", "09007199254740993", "99999999999999999999"].map(isLong)).toEqual([
    false,
    true,
    false,
    false,
  ]);
});
