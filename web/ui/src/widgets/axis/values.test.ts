import fc from "fast-check";
import { expect, test } from "vitest";
import { kindOf, listed, rangeText, toggled, withMore, written } from "./values";

test("values are listed as the server reads them", () => {
  expect(listed("1, 2,5")).toEqual(["1", "2", "5"]);
  expect(listed("1..5\n7")).toEqual(["1..5", "7"]);
  expect(listed('"a fox, red", a cat')).toEqual(["a fox, red", "a cat"]);
  expect(listed("a fox, red\na cat")).toEqual(["a fox, red", "a cat"]);
  expect(listed('"he said ""no"""')).toEqual(['he said "no"']);
  expect(listed('a "red" fox')).toEqual(['a "red" fox']);
  expect(listed(" ,, ")).toEqual([]);
  expect(listed("")).toEqual([]);
});

test("what is written is listed again", () => {
  const value = fc.string({ minLength: 0, maxLength: 12 }).filter((text) => !/[\r\n]/.test(text));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), (values) => {
      expect(listed(written(values))).toEqual(values);
    }),
  );
});

test("ticking a choice puts it at the end, ticking it again takes it out", () => {
  expect(toggled("", "euler")).toBe("euler");
  expect(toggled("euler, heun", "lms")).toBe("euler\nheun\nlms");
  expect(toggled("euler\nheun\nlms", "heun")).toBe("euler\nlms");
  expect(toggled("euler", "euler")).toBe("");
});

test("a range is three numbers that meet", () => {
  expect(rangeText("1", "5", "", "INT")).toBe("1..5");
  expect(rangeText("1", "5", "1", "INT")).toBe("1..5");
  expect(rangeText("0", "1", ".25", "FLOAT")).toBe("0..1 step .25");
  expect(rangeText("5", "1", "-2", "INT")).toBe("5..1 step -2");
  expect(rangeText("5", "1", "-1", "INT")).toBe("5..1");
  for (const [first, last, step] of [
    ["", "5", ""],
    ["1", "5", "0"],
    ["1", "5", "-1"],
    ["1", "5.5", ""],
    ["1", "x", ""],
  ])
    expect(rangeText(first ?? "", last ?? "", step ?? "", "INT")).toBeNull();
  expect(withMore("1, 2\n", "5..9")).toBe("1, 2, 5..9");
});

test("how values are chosen follows from the input", () => {
  const def = { required: false, help: "" };
  expect(kindOf({ ...def, type: "COMBO", options: ["a"] })).toBe("options");
  expect(kindOf({ ...def, type: "COMBO", file: "loras" })).toBe("options");
  expect(kindOf({ ...def, type: "INT" })).toBe("numbers");
  expect(kindOf({ ...def, type: "BOOLEAN" })).toBe("truth");
  expect(kindOf({ ...def, type: "STRING" })).toBe("text");
});
