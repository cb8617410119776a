import { expect, test } from "vitest";
import { toDoc } from "~/formats/file";
import { passes } from "./bypass";
import { emptyDoc } from "./document";
import table from "./fixtures/engine.json";
import { flattened } from "./flat";
import type { GraphNode, Json, JsonObject, NodeType, OutputDef, Registry } from "./types";
import { accepts, validate } from "./validate";

type Told = Omit<NodeType, "outputs" | "name"> & { outputs: Record<string, Omit<OutputDef, "name">> };

const registry: Registry = Object.fromEntries(
  Object.entries(table.registry as unknown as Record<string, Told>).map(([name, type]) => {
    const outputs = Object.entries(type.outputs).map(([n, output]) => ({ name: n, ...output }));
    return [name, { ...type, name, outputs }] as const;
  }),
);

/** A document of one graph, from entries as a file has them. */
const docOf = (file: unknown) => toDoc(file as JsonObject).doc;

const plainType = (name: string): NodeType => ({
  name,
  label: name,
  category: "",
  kind: "pure",
  help: "",
  inputs: {},
  outputs: [],
  module: "",
});

const plain = (arg: { link: { node: string; output: number } } | { value: Json }): Json =>
  "link" in arg ? [arg.link.node, arg.link.output] : arg.value;

const nodeOf = (type: string): GraphNode => ({ type, values: {}, links: {}, pos: [0, 0], meta: {} });

test("#4 a type flows into a type exactly where the server lets it", () => {
  for (const [from, to, file, fits] of table.accepts as [string, string, string | null, boolean][]) {
    if (file === null) expect([from, to, accepts(from, to)]).toEqual([from, to, fits]);
    const types: Registry = {
      From: { ...plainType("From"), outputs: [{ name: "out", type: from, list: false, help: "" }] },
      To: {
        ...plainType("To"),
        inputs: { in: { type: to, required: true, help: "", ...(file !== null && { file }) } },
      },
    };
    const doc = { ...emptyDoc(), root: { nodes: { a: nodeOf("From"), b: nodeOf("To") }, groups: {}, notes: {} } };
    const refused = validate(doc, null, types, { source: "a", output: 0, target: "b", input: "in" });
    expect([from, to, file, refused === null]).toEqual([from, to, file, fits]);
  }
});

test("#11 a bypassed node passes what it passes on the server", () => {
  for (const { node, passes: expected } of table.passes as { node: Json; passes: (string | null)[] }[]) {
    const doc = docOf({ off: node });
    const off = doc.root.nodes["off"];
    const found = off ? passes(doc, registry, off) : [];
    expect([node, expected.map((_, n) => found[n] ?? null)]).toEqual([node, expected]);
  }
});

test("#15 a file with subgraphs, muted and bypassed nodes flattens as on the server", () => {
  for (const { file, flat } of table.flat as {
    file: Json;
    flat: Record<string, { class_type: string; inputs: Json }>;
  }[]) {
    const found = [...flattened(docOf(file), registry)].map(([id, { node, args }]) => {
      const inputs = Object.fromEntries(Object.entries(args).map(([name, arg]) => [name, plain(arg)]));
      return [id, { class_type: node.type, inputs }] as const;
    });
    expect(Object.fromEntries(found)).toEqual(flat);
  }
});
