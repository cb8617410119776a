import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { emptyDoc } from "~/core/document";
import { readJson, writeJson } from "~/formats/json";
import { toDoc, toFile } from "~/formats/file";
import { useDoc } from "~/stores/doc";
import { isInForm, relabelled, reordered, toggleInForm, without } from "./edits";

const items = fc.uniqueArray(fc.record({ node: fc.string({ minLength: 1 }), input: fc.string({ minLength: 1 }) }), {
  selector: (item) => JSON.stringify([item.node, item.input]),
  minLength: 1,
});
const key = (item: { node: string; input: string }) => JSON.stringify([item.node, item.input]);

beforeEach(() => useDoc.getState().open(emptyDoc()));

describe("#36 the form's list", () => {
  test("moving keeps every entry, puts the moved one where it was told, and can be taken back", () => {
    fc.assert(
      fc.property(items, fc.nat(), fc.nat(), (form, a, b) => {
        const [from, to] = [a % form.length, b % form.length];
        const after = reordered(form, from, to);
        expect(after.map(key).toSorted()).toEqual(form.map(key).toSorted());
        expect(after[to]).toBe(form[from]);
        expect(reordered(after, to, from)).toEqual(form);
      }),
    );
  });

  test("an empty label gives the input its own name back", () => {
    const form = [{ node: "1", input: "seed" }];
    expect(relabelled(form, 0, " Luck ")).toEqual([{ node: "1", input: "seed", label: "Luck" }]);
    expect(relabelled(relabelled(form, 0, "Luck"), 0, " ")).toEqual(form);
  });

  test("an input is in it or not, and undo brings back what was", () => {
    expect(toggleInForm("1", "seed")).toBe(true);
    expect(toggleInForm("1", "steps")).toBe(true);
    expect(toggleInForm("1", "seed")).toBe(false);
    expect(isInForm(useDoc.getState().doc, "1", "steps")).toBe(true);
    useDoc.getState().undo();
    expect(isInForm(useDoc.getState().doc, "1", "seed")).toBe(true);
  });

  test("an entry may be called like what every object has", () => {
    expect(without([{ node: "constructor", input: "__proto__" }], "constructor", "toString")).toHaveLength(1);
  });

  test("is in the file, and comes back from it", () => {
    useDoc.getState().edit({ key: "x" }, (d) => {
      d.root.nodes["1"] = { type: "KSampler", values: {}, links: {}, pos: [0, 0], meta: {} };
    });
    toggleInForm("1", "seed");
    useDoc.getState().edit({ key: "x" }, (d) => void (d.form = relabelled(d.form, 0, "Luck")));
    const { doc } = useDoc.getState();
    const text = writeJson(toFile(doc));
    expect(text).toContain('"form"');
    const read = readJson(text);
    expect(toDoc(read as never).doc.form).toEqual([{ node: "1", input: "seed", label: "Luck" }]);
  });
});
