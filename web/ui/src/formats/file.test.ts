import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "~/core/types";
import { documents } from "./arbitrary";
import { isOurs, toDoc, toFile } from "./file";
import { readJson, writeJson } from "./json";

const node = (more: JsonObject = {}, meta: JsonObject = { pos: [1, 2] }): JsonObject => ({
  class_type: "KSampler",
  inputs: {},
  _meta: meta,
  ...more,
});

/** A file read and written. */
const again = (file: JsonObject) => toFile(toDoc(file).doc);

describe("reading and writing", () => {
  test("#31 a document is the same after it was written and read", () => {
    fc.assert(
      fc.property(documents, (doc) => {
        expect(toDoc(toFile(doc)).doc).toEqual(doc);
      }),
    );
  });

  test("#31 so it is through the text of a file", () => {
    fc.assert(
      fc.property(documents, (doc) => {
        const value = readJson(writeJson(toFile(doc), 2));
        expect(isOurs(value)).toBe(true);
        if (isOurs(value)) expect(toDoc(value).doc).toEqual(doc);
      }),
    );
  });

  test("every document is a file of ours without warnings", () => {
    fc.assert(
      fc.property(documents, (doc) => {
        expect(toDoc(toFile(doc)).warnings).toEqual([]);
      }),
    );
  });
});

describe("what a file holds is kept", () => {
  test("#24 keys that are not ours, everywhere", () => {
    const file: JsonObject = {
      "1": node({ is_changed: ["x"] }, { pos: [1, 2], slots: { inputs: [], outputs: [] }, pack: "p", zz: { a: 1 } }),
      _workflow: {
        class_type: "PrimitiveString",
        inputs: { value: "" },
        _meta: {
          version: 1,
          author: { name: "x" },
          groups: [{ title: "g", pos: [0, 0], size: [1, 1], font_size: 24 }],
          notes: [{ text: "n", pos: [0, 0], size: [1, 1], collapsed: true }],
          subgraphs: {
            s: {
              title: "S",
              nodes: { "3": node() },
              inputs: [{ name: "a", type: "INT", to: [["3", "seed"]], hue: 3 }],
              outputs: [{ name: "o", type: "LATENT", from: ["3", 0], hue: 4 }],
              revision: 7,
            },
          },
        },
      },
    };
    expect(again(file)).toEqual(file);
  });

  test.each<[string, JsonObject]>([
    ["an entry that is no node", { "1": node(), "2": { inputs: {} }, "3": "text" }],
    ["a node whose inputs are none", { "1": { class_type: "A", inputs: [1] } }],
    ["a `_workflow` of another type", { _workflow: { class_type: "A", inputs: { b: 1 }, _meta: { version: 1 } } }],
    ["a `_workflow` that is no object", { _workflow: 3 }],
    ["a title that is no text, a mode that is unknown", { "1": node({}, { pos: [1, 2], title: 5, mode: "x" }) }],
    ["dots of an input that is not linked", { "1": node({}, { pos: [1, 2], reroutes: { a: [[1, 2]] } }) }],
    ["a later version", { _workflow: { class_type: "PrimitiveString", inputs: { value: "" }, _meta: { version: 9 } } }],
    ["groups that are no list", { _workflow: workflow({ groups: "x", form: [1], subgraphs: { a: 1 } }) }],
    [
      "ports that are none",
      { _workflow: workflow({ subgraphs: { s: { title: "", nodes: {}, inputs: 1, outputs: [2] } } }) },
    ],
    ["a node called constructor", { constructor: node({ inputs: { toString: ["constructor", 0] } }) }],
  ])("#24 %s", (_, file) => {
    expect(again(file)).toEqual(file);
  });

  test("a value beside a link comes back when the link goes", () => {
    const file = { "1": node({ inputs: { seed: ["2", 0] } }, { pos: [1, 2], kept: { seed: 5 } }) };
    const { doc } = toDoc(file);
    expect(doc.root.nodes["1"]?.values).toEqual({ seed: 5 });
    expect(toFile(doc)).toEqual(file);
  });

  test("lists are constants only when they are wrapped or no link", () => {
    const inputs = { a: ["1", 0], b: { __value__: ["1", 0] }, c: [1, 2], d: { __value__: null } };
    const read = toDoc({ "1": node({ inputs }) }).doc.root.nodes["1"];
    expect(read?.links).toEqual({ a: { node: "1", output: 0 } });
    expect(read?.values).toEqual({ b: ["1", 0], c: [1, 2], d: null });
  });
});

function workflow(meta: JsonObject): JsonObject {
  return { class_type: "PrimitiveString", inputs: { value: "" }, _meta: { version: 1, ...meta } };
}

describe("what is told of a file", () => {
  test("entries that are no nodes, and a later version", () => {
    const { warnings } = toDoc({ "1": { inputs: {} }, _workflow: workflow({ version: 2 }) });
    expect(warnings).toEqual([{ key: "files:warning.no_node", args: { id: "1" } }, { key: "files:warning.newer" }]);
  });

  test("nodes without a place lie in columns by their depth, beside nobody", () => {
    const { doc, unplaced } = toDoc({
      a: { class_type: "A", inputs: {} },
      b: { class_type: "A", inputs: { x: ["a", 0] } },
      c: { class_type: "A", inputs: { x: ["a", 0] } },
      round: { class_type: "A", inputs: { x: ["round", 0] } },
    });
    const at = (id: string) => doc.root.nodes[id]?.pos ?? [Number.NaN, Number.NaN];
    expect(unplaced).toEqual(["a", "b", "c", "round"]);
    expect(at("a")[0]).toBeLessThan(at("b")[0]);
    expect(at("b")[0]).toBe(at("c")[0]);
    expect(at("b")[1]).toBeLessThan(at("c")[1]);
  });

  test.each([
    [{}, true],
    [{ "1": node() }, true],
    [{ nodes: [] }, false],
    [{ "1": { inputs: {} } }, false],
    [[], false],
    ["x", false],
  ])("whether %j is ours", (value, ours) => {
    expect(isOurs(value)).toBe(ours);
  });
});
