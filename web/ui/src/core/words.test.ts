import fc from "fast-check";
import { expect, test } from "vitest";
import { litWords, placedTokens, wordOf } from "./words";

const tokens = (...texts: string[]) => texts.map((text, n) => ({ text, index: n + 1 }));
const cut = (text: string, ...pieces: string[]) =>
  placedTokens(text, tokens(...pieces)).map(({ start, end, index }) => [text.slice(start, end), index]);

test("tokens are found in order, in capitals too, past brackets and weights", () => {
  expect(cut("A (red:1.2) fox, red", "a", "red", "fox", ",", "red")).toEqual([
    ["A", 1],
    ["red", 2],
    ["fox", 3],
    [",", 4],
    ["red", 5],
  ]);
});

test("a number of a weight is no token", () => {
  expect(cut("(fox:1.2) 1", "fox", "1")).toEqual([
    ["fox", 1],
    ["1", 2],
  ]);
  expect(placedTokens("(fox:1.2) 1", tokens("fox", "1"))[1]?.start).toBe(10);
});

test("pieces of a word make up the word", () => {
  const text = "a dreambeach at dawn";
  const placed = placedTokens(text, tokens("a", "dream", "beach", "at", "dawn"));
  expect(wordOf(text, 4, placed)).toEqual({ start: 2, end: 12, indexes: [2, 3] });
  expect(wordOf(text, 1, placed)).toEqual({ start: 0, end: 1, indexes: [1] });
});

test("tokens that are parts of one character share its place", () => {
  expect(cut("a 🦊 fox", "a", "\uFFFD", "\uFFFD", "fox")).toEqual([
    ["a", 1],
    ["🦊", 2],
    ["🦊", 3],
    ["fox", 4],
  ]);
});

test("what was typed since lights nothing", () => {
  expect(cut("a cat", "a", "fox")).toEqual([["a", 1]]);
  expect(wordOf("a cat", 4, placedTokens("a cat", tokens("a", "fox")))).toBeNull();
  expect(wordOf("a , b", 2, placedTokens("a , b", tokens("a", "b")))).toBeNull();
});

test("shares of pieces are those of the word, the greatest is 1", () => {
  const text = "a dreambeach";
  const placed = placedTokens(text, tokens("a", "dream", "beach"));
  expect(
    litWords(
      text,
      placed,
      new Map([
        [1, 0.1],
        [2, 0.15],
        [3, 0.05],
      ]),
    ),
  ).toEqual([
    { start: 0, end: 1, share: 0.5 },
    { start: 2, end: 12, share: 1 },
  ]);
  expect(litWords(text, placed, new Map())).toEqual([]);
});

test("words of any text are found whole, in order and inside it", () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), fc.nat(7), (words, at) => {
      const text = words.map((one, n) => (n === at ? `(${one}:1.3)` : one)).join(", ");
      const placed = placedTokens(text, tokens(...words));
      expect(placed.map(({ start, end }) => text.slice(start, end))).toEqual(words);
    }),
  );
});
