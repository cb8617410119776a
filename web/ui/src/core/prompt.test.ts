import fc from "fast-check";
import { expect, test } from "vitest";
import { embeddingAt, marks, matching, NUDGE, reweighed, wordAt } from "./prompt";

/** `|` twice: the selection; once: the caret. */
function at(marked: string): [string, number, number] {
  const start = marked.indexOf("|");
  const end = marked.lastIndexOf("|");
  return [marked.replaceAll("|", ""), start, end === start ? start : end - 1];
}

const shown = (marked: string, by: number) => {
  const edit = reweighed(...at(marked), by);
  if (!edit) return null;
  const { text, start, end } = edit;
  return `${text.slice(0, start)}|${text.slice(start, end)}|${text.slice(end)}`;
};

test.each([
  ["a c|at sits", 0.05, "a (|cat|:1.05) sits"],
  ["a |red cat| sits", 0.05, "a (|red cat|:1.05) sits"],
  ["a| red cat |sits", -0.05, "a (|red cat|:0.95) sits"],
  ["a (c|at:1.05)", -0.05, "a |cat|"],
  ["a (red c|at:1.2), b", 0.05, "a (|red cat|:1.25), b"],
  ["a |(cat:1.2)|", 0.1, "a (|cat|:1.3)"],
  ["a (|cat|:1.2)", 0.1, "a (|cat|:1.3)"],
  ["a (c|at)", 0.05, "a (|cat|:1.15)"],
  ["((a|:1.2), b:1.5)", 0.05, "((|a|:1.25), b:1.5)"],
  ["(|a, (b:1.1)|:1.5)", 0.05, "(|a, (b:1.1)|:1.55)"],
  ["(a:0.03|)", -0.05, "(|a|:0)"],
  ["x <lora:thing:0.8|>", 0.05, "x |<lora:thing:0.85>|"],
  ["x <lo|ra:thing>", 0.05, "x |<lora:thing:1.05>|"],
  ["một con mè|o", 0.05, "một con (|mèo|:1.05)"],
])("#28 the weight in %s by %s", (before, by, after) => expect(shown(before, by)).toBe(after));

test.each(["", "a , | b", "  |  |  ", "a |(b| c)", "|b\\|", "a |b) c|"])("#28 nothing to weigh in %s", (before) => {
  expect(shown(before.includes("|") ? before : "|", 0.05)).toBeNull();
});

const words = fc.stringMatching(/^[a-zàéđ ,]{0,12}$/);

test("#28 up and down again gives the same prompt", () => {
  fc.assert(
    fc.property(
      words,
      fc.stringMatching(/^[a-zđ]{1,8}( [a-z]{1,8})?$/),
      words,
      fc.integer({ min: 1, max: 30 }),
      (a, b, c, n) => {
        const from = `${a}, (${c}:1.3) ${b}`;
        let edit = { text: from, start: from.length - b.length, end: from.length };
        for (let i = 0; i < n; i++) edit = reweighed(edit.text, edit.start, edit.end, NUDGE) ?? edit;
        if (b) expect(edit.text).not.toBe(from);
        for (let i = 0; i < n; i++) edit = reweighed(edit.text, edit.start, edit.end, -NUDGE) ?? edit;
        expect(edit.text).toBe(from);
      },
    ),
  );
});

const prompts = fc.string({
  unit: fc.constantFrom("(", ")", "[", "]", ":", "1.2", "a", " ", "\\", "<lora:x:1>", "embedding:", "\n"),
});

test("#28 marks are in order, apart, and inside the text", () => {
  fc.assert(
    fc.property(prompts, (text) => {
      let end = 0;
      for (const mark of marks(text)) {
        expect(mark.start).toBeGreaterThanOrEqual(end);
        expect(mark.end).toBeGreaterThan(mark.start);
        end = mark.end;
      }
      expect(end).toBeLessThanOrEqual(text.length);
    }),
  );
});

test("#28 brackets that belong together point at each other", () => {
  fc.assert(
    fc.property(prompts, fc.nat(40), (text, caret) => {
      const pair = matching(text, caret);
      if (!pair) return;
      const [open, close] = pair;
      expect([text[open], text[close]].join("")).toMatch(/^(\(\)|\[\])$/);
      expect(matching(text, open + 1)).toEqual(pair);
      expect(matching(text, close + 1)).toEqual(pair);
    }),
  );
});

const kinds = (text: string) => marks(text).map((m) => `${m.kind} ${text.slice(m.start, m.end)}`);

test("#28 what is drawn in colour", () => {
  expect(kinds("a (cat:1.2) [dog]")).toEqual(["bracket (", "weight :1.2", "bracket )", "bracket [", "bracket ]"]);
  expect(kinds("(a \\(b\\) (c")).toEqual(["unmatched (", "escape \\(", "escape \\)", "unmatched ("]);
  expect(kinds("a) embedding:foo-2 <lora:x y:0.5>")).toEqual([
    "unmatched )",
    "embedding embedding:foo-2",
    "tag <lora:x y:0.5>",
  ]);
  expect(kinds("(10:30 clock)")).toEqual(["bracket (", "bracket )"]);
  expect(kinds("(embedding:1.2)")).toEqual(["bracket (", "weight :1.2", "bracket )"]);
});

const found = (marked: string) => embeddingAt(at(marked)[0], at(marked)[1]);

test("#28 the name of an embedding while it is typed", () => {
  expect(found("a embedding:ba|d, b")).toEqual({ start: 12, end: 15, query: "ba" });
  expect(found("(embedding:|")).toEqual({ start: 11, end: 11, query: "" });
  expect(found("myembedding:x|")).toBeNull();
  expect(found("embedding:x |")).toBeNull();
});

test("#28 the word at the caret", () => {
  expect(wordAt("a big cat", 3)).toEqual({ start: 2, end: 5 });
  expect(wordAt("a , b", 3)).toBeNull();
});
