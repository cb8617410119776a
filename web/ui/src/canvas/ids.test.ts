import fc from "fast-check";
import { expect, test } from "vitest";
import { connectionOf, endOf, groupId, idsOf, inHandle, linkEnd, linkId, noteId, outHandle, partOf } from "./ids";

const nodeId = fc.stringMatching(/^[@0-9A-Za-z.]{1,8}$/);

test("a link's name gives back its target and input, whatever the input is called", () => {
  fc.assert(
    fc.property(nodeId, fc.string(), (target, input) => {
      expect(linkEnd(linkId(target, input))).toEqual({ target, input });
    }),
  );
});

test("what is selected keeps its kind", () => {
  fc.assert(
    fc.property(nodeId, (id) => {
      expect(partOf(id)).toEqual({ kind: "node", id });
      expect(partOf(groupId(id))).toEqual({ kind: "group", id });
      expect(partOf(noteId(id))).toEqual({ kind: "note", id });
      expect(idsOf([id, groupId(id), noteId(id)], "group")).toEqual([id]);
    }),
  );
});

test("a handle's name gives back its socket", () => {
  fc.assert(
    fc.property(nodeId, fc.string(), fc.nat(99), (node, input, output) => {
      expect(endOf(node, inHandle(input))).toEqual({ node, input });
      expect(endOf(node, outHandle(output))).toEqual({ node, output });
    }),
  );
  expect(endOf("1", null)).toBeNull();
});

test("only an output and an input make a connection", () => {
  const c = { source: "1", target: "2", sourceHandle: "out:0", targetHandle: "in:clip" };
  expect(connectionOf(c)).toEqual({ source: "1", output: 0, target: "2", input: "clip" });
  expect(connectionOf({ ...c, targetHandle: "out:0" })).toBeNull();
  expect(connectionOf({ ...c, sourceHandle: "in:a" })).toBeNull();
});
