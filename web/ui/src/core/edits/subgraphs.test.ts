import { produce } from "immer";
import { expect, test } from "vitest";
import { clipText, copied, paste, readClip } from "../clipboard";
import { boundaryTypes, emptyDoc, typeOf } from "../document";
import type { DocDraft } from "../draft";
import { around, fullIds, spotOf } from "../flatten";
import { begun, faults, nodeType, REGISTRY } from "../testkit";
import type { Doc, NodeId, Registry } from "../types";
import { connect } from "./links";
import { addNode, moveNodes, removeNodes, setValue } from "./nodes";
import { detach, makeSubgraph, movePort, promote, removePort, renamePort, unpromote } from "./subgraphs";

const edit = (doc: Doc, recipe: (d: DocDraft) => void): Doc =>
  produce(doc, (d) => {
    recipe(d);
  });

const typeAt = (doc: Doc, id: NodeId) => {
  const node = doc.root.nodes[id];
  return node && typeOf(doc, REGISTRY, node);
};

test("#15 a promoted widget of a widget inside is shown by instances, with its value there as the default", () => {
  const doc = edit(begun(), (d) => setValue(d, "2", "9", "factor", 1.5));
  expect(Object.keys(typeAt(doc, "12")?.inputs ?? {})).toEqual(["latent", "vae", "factor"]);
  expect(typeAt(doc, "12")?.inputs["factor"]).toMatchObject({ type: "FLOAT", default: 1.5 });
  expect(boundaryTypes(doc, REGISTRY, "1").in.outputs.map((o) => o.name)).toEqual(["latent", "vae", "factor", ""]);
  expect(Object.keys(boundaryTypes(doc, REGISTRY, "1").out.inputs)).toEqual(["0", "1"]);
});

test("#15 the type of instances is the same value until a port or an input behind one changes", () => {
  const doc = begun();
  const moved = edit(doc, (d) => moveNodes(d, "2", { "9": [5, 5] }));
  expect(typeAt(moved, "12")).toBe(typeAt(doc, "12"));
  expect(
    typeAt(
      edit(doc, (d) => setValue(d, "2", "9", "factor", 3)),
      "12",
    ),
  ).not.toBe(typeAt(doc, "12"));
});

test("#15 outputs of one name are told apart by the inputs that take them", () => {
  const both: Registry = { ...REGISTRY, Two: nodeType("Two", ["positive: COND", "negative: COND"], []) };
  const doc = produce(emptyDoc(), (d) => {
    const place = (name: string) => addNode(d, null, both[name] ?? nodeType(name, [], []), [0, 0]);
    const [one, other, two] = [place("Text"), place("Text"), place("Two")];
    connect(d, null, { source: one, output: 0, target: two, input: "positive" }, both);
    connect(d, null, { source: other, output: 0, target: two, input: "negative" }, both);
    makeSubgraph(d, null, both, [one, other], "Prompts");
  });
  expect(Object.values(doc.subgraphs)[0]?.outputs.map((port) => port.name)).toEqual(["positive", "negative"]);
});

test("#15 unpromoting keeps the value of the only instance", () => {
  const doc = edit(begun(), (d) => {
    removeNodes(d, null, REGISTRY, ["14"]);
    setValue(d, null, "12", "factor", 2.5);
    unpromote(d, "1", "10", "factor");
  });
  expect(doc.subgraphs["1"]?.widgets).toEqual([]);
  expect(doc.subgraphs["1"]?.nodes["10"]?.values).toEqual({ factor: 2.5 });
  expect(doc.root.nodes["12"]?.values).toEqual({});
});

test("#15 a definition is shared until an instance is detached", () => {
  let own: string | null = null;
  const doc = edit(begun(), (d) => void (own = detach(d, null, "14")));
  expect([doc.root.nodes["12"]?.type, doc.root.nodes["14"]?.type]).toEqual(["subgraph:1", `subgraph:${own}`]);
  expect(doc.subgraphs[own ?? ""]?.title).toBe("Decode and scale 2");
  expect(edit(doc, (d) => expect(detach(d, null, "14")).toBeNull())).toBe(doc);
});

test("#15 definitions go with their last instance, those that only they held too", () => {
  const one = edit(begun(), (d) => removeNodes(d, null, REGISTRY, ["14"]));
  expect(Object.keys(one.subgraphs)).toEqual(["1", "2"]);
  expect(edit(one, (d) => removeNodes(d, null, REGISTRY, ["12"])).subgraphs).toEqual({});
});

test("#15 ports are renamed, moved and removed with the links of all instances", () => {
  const two = edit(begun(), (d) => {
    const subgraph = d.subgraphs["1"];
    subgraph?.outputs.push({ name: "raw", type: "IMAGE", from: ["8", 0] });
    renamePort(d, "1", "inputs", 0, " Picture ");
    movePort(d, "1", "outputs", 0, 1);
  });
  expect(two.root.nodes["10"]?.links["image"]).toEqual({ node: "12", output: 1 });
  expect(two.subgraphs["1"]?.inputs[0]).toMatchObject({ name: "latent", label: "Picture" });
  const less = edit(two, (d) => {
    removePort(d, "1", "outputs", 0);
    removePort(d, "1", "inputs", 1);
  });
  expect(less.root.nodes["10"]?.links["image"]).toEqual({ node: "12", output: 0 });
  expect(Object.keys(less.root.nodes["12"]?.links ?? {})).toEqual(["latent"]);
  expect(edit(less, (d) => removePort(d, "1", "outputs", 0)).root.nodes["10"]?.links).toEqual({});
  expect(faults(less)).toEqual([]);
});

test("#36 what the form shows stays there when its node goes into a subgraph", () => {
  const form = edit(begun(), (d) => {
    d.form = [
      { node: "7", input: "seed" },
      { node: "3", input: "text" },
    ];
  });
  let made: NodeId | null = null;
  const doc = edit(form, (d) => void (made = makeSubgraph(d, null, REGISTRY, ["7", "3"], "Part")));
  expect(doc.form).toEqual([
    { node: made, input: "seed" },
    { node: made, input: "text" },
  ]);
  expect(edit(doc, (d) => removeNodes(d, null, REGISTRY, [made ?? ""])).form).toEqual([]);
});

test("#15 nodes between the chosen ones go into the subgraph with them", () => {
  const doc = edit(begun(), (d) => void makeSubgraph(d, null, REGISTRY, ["2", "7"], "Part"));
  expect(Object.keys(doc.subgraphs["3"]?.nodes ?? {})).toEqual(["2", "3", "5", "7"]);
  expect(faults(doc)).toEqual([]);
});

test("#8 a definition that differs in the other tab is brought under an id of its own", () => {
  const clip = readClip(clipText(copied(begun(), null, ["12"])));
  const other = edit(begun(), (d) => setValue(d, "2", "9", "factor", 9));
  let ids: NodeId[] = [];
  const pasted = edit(other, (d) => void (clip && (ids = paste(d, null, clip, [0, 0]))));
  expect(Object.keys(pasted.subgraphs)).toEqual(["1", "2", "3", "4"]);
  expect(pasted.root.nodes[ids[0] ?? ""]?.type).toBe("subgraph:4");
  expect(pasted.subgraphs["4"]?.nodes["10"]?.type).toBe("subgraph:3");
  const same = edit(begun(), (d) => void (clip && paste(d, null, clip, [0, 0])));
  expect(Object.keys(same.subgraphs)).toEqual(["1", "2"]);
});

test("#8 an instance is not pasted into its own definition, and leaves nothing behind", () => {
  const clip = copied(begun(), null, ["12", "7"]);
  const doc = edit(begun(), (d) => expect(paste(d, "2", clip, [0, 0])).toHaveLength(1));
  expect(Object.keys(doc.subgraphs)).toEqual(["1", "2"]);
  expect(faults(doc)).toEqual([]);
});

test("#8 what was fed by an instance that is left out is pasted without that link, outside links or not", () => {
  const clip = copied(begun(), null, ["12", "10"]);
  const doc = edit(begun(), (d) => expect(paste(d, "2", clip, [0, 0], { outside: true })).toHaveLength(1));
  expect(faults(doc)).toEqual([]);
});

test("#8 other texts on the clipboard are no copies", () => {
  const good = JSON.parse(clipText(copied(begun(), null, ["12"])));
  const bad = ["", "hello", "{", '"inkwater"', '{"inkwater":"clip","version":1}'];
  for (const text of bad) expect(readClip(text)).toBeNull();
  for (const nodes of [
    { a: 1 },
    { a: { ...good.nodes["12"], pos: [0] } },
    { a: { ...good.nodes["12"], links: { x: 1 } } },
  ])
    expect(readClip(JSON.stringify({ ...good, nodes }))).toBeNull();
  expect(readClip(JSON.stringify(good))).toEqual(good);
});

test("#22 #23 full ids lead to nodes inside instances, and to the instances around them", () => {
  const doc = begun();
  const all = fullIds(doc);
  expect(all.get("14:10:9")).toEqual({
    path: [
      { instance: "14", subgraph: "1" },
      { instance: "10", subgraph: "2" },
    ],
    scope: "2",
    node: "9",
  });
  for (const [full, spot] of all) expect(spotOf(doc, full)).toEqual(spot);
  expect([spotOf(doc, "7:1"), spotOf(doc, "12:99"), spotOf(doc, "")]).toEqual([null, null, null]);
  expect(around("14:10:9")).toEqual(["14", "14:10", "14:10:9"]);
});

test("#15 an input that is fed is not promoted twice", () => {
  const doc = begun();
  edit(doc, (d) => expect(promote(d, "1", REGISTRY, "10", "factor")).toBe("factor"));
  edit(doc, (d) => expect(promote(d, "1", REGISTRY, "10", "image")).toBeNull());
});
