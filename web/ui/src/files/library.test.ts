import { describe, expect, test } from "vitest";
import { matching } from "./library";
import { fileName } from "./save";

const files = ["chân dung/Cáo đỏ.json", "fox.json", "portraits/old fox.json"].map((path) => ({
  path,
  size: 1,
  modified: 0,
  created: 0,
}));
const found = (query: string) => matching(files, query).map(({ path }) => path);

describe("searching saved workflows", () => {
  test.each([
    ["", files.map(({ path }) => path)],
    ["fox", ["fox.json", "portraits/old fox.json"]],
    ["FOX port", ["portraits/old fox.json"]],
    ["cao do", ["chân dung/Cáo đỏ.json"]],
    ["zebra", []],
  ])("%s", (query, expected) => {
    expect(found(query)).toEqual(expected);
  });
});

test.each([
  ["fox", "fox.json"],
  [" portraits/fox.JSON ", "portraits/fox.json"],
  ["v1.5", "v1.5.json"],
])("the file of the name %s", (name, expected) => {
  expect(fileName(name)).toBe(expected);
});
