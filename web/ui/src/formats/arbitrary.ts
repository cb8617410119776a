/** Documents made up for property tests: everything that a file can hold, names from the unusual side. */

import fc from "fast-check";
import type {
  Doc,
  FormItem,
  Graph,
  GraphNode,
  Group,
  Json,
  Link,
  Note,
  Point,
  PortIn,
  PortOut,
  Subgraph,
} from "~/core/types";

const name = fc.oneof(
  fc.constantFrom("model", "seed", "text", "constructor", "toString", "image.0", "ảnh", "a b"),
  fc.string({ minLength: 1, maxLength: 8 }).filter((s) => s !== "__proto__" && s !== "__value__"),
);
const id = fc.oneof(fc.nat(99).map(String), fc.constantFrom("a", "constructor", "x.1", "5:3"));
const text = fc.string({ maxLength: 12 });
const pair: fc.Arbitrary<Point> = fc.tuple(fc.integer({ min: -9999, max: 9999 }), fc.integer({ min: 0, max: 5000 }));

/** As JSON has it: long whole numbers are decimal strings, and no other text looks like one. */
const json: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>("18446744073709551615", 7, 1.5, "euler", "", true, null, [1, 2], ["4", 0], { __value__: 3 }),
  fc
    .jsonValue({ maxDepth: 2 })
    .map((v): Json => JSON.parse(JSON.stringify(v)))
    .filter((v) => !/\d{16}|__proto__/.test(JSON.stringify(v))),
);

/** What is kept as it was, under keys that no reader takes. */
const meta = fc.dictionary(
  fc.constantFrom("bgcolor", "labels", "models", "widgets_values", "control", "zz"),
  fc.constantFrom<Json>("#353", [1, "18446744073709551615"], { a: { b: [null] } }, 3),
  { maxKeys: 3 },
);

/** Without the keys that are undefined. */
const present =
  <T>() =>
  (value: object): T =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only what is undefined is left out
    Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

const maybe = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined });

const link: fc.Arbitrary<Link> = fc
  .record({ node: id, output: fc.nat(3), points: maybe(fc.array(pair, { minLength: 1, maxLength: 3 })) })
  .map(({ points, ...rest }) => (points ? { ...rest, points } : rest));

const node: fc.Arbitrary<GraphNode> = fc
  .record({
    type: fc.oneof(fc.constantFrom("KSampler", "subgraph:s1", "subgraph:s2"), name),
    values: fc.dictionary(name, json, { maxKeys: 4 }),
    links: fc.dictionary(name, link, { maxKeys: 3 }),
    title: maybe(text),
    pos: pair,
    size: maybe(pair),
    collapsed: maybe(fc.boolean()),
    pinned: maybe(fc.boolean()),
    color: maybe(text),
    mode: maybe(fc.constantFrom("mute", "bypass")),
    meta,
  })
  .map(present<GraphNode>());

const group: fc.Arbitrary<Group> = fc
  .record({ title: text, pos: pair, size: pair, color: maybe(text), pinned: maybe(fc.boolean()), meta })
  .map(present<Group>());

const note: fc.Arbitrary<Note> = fc
  .record({ text, markdown: maybe(fc.boolean()), pos: pair, size: pair, color: maybe(text), meta })
  .map(present<Note>());

const graph: fc.Arbitrary<Graph> = fc.record({
  nodes: fc.dictionary(id, node, { maxKeys: 6 }),
  groups: fc.dictionary(id, group, { maxKeys: 3 }),
  notes: fc.dictionary(id, note, { maxKeys: 3 }),
});

const port = { name, type: fc.constantFrom("MODEL", "*", "INT,FLOAT"), label: maybe(text) };
const portIn = fc.record({ ...port, to: fc.array(fc.tuple(id, name), { maxLength: 3 }) }).map(present<PortIn>());
const portOut = fc
  .record({ ...port, from: fc.oneof(fc.constant(null), name, fc.tuple(id, fc.nat(3))) })
  .map(present<PortOut>());

const subgraph: fc.Arbitrary<Subgraph> = fc
  .record({
    graph,
    title: text,
    inputs: fc.array(portIn, { maxLength: 3 }),
    widgets: fc.array(portIn, { maxLength: 2 }),
    outputs: fc.array(portOut, { maxLength: 3 }),
    meta,
  })
  .map(({ graph: inner, ...rest }): Subgraph => ({ ...inner, ...rest }));

/** Any document. */
export const documents: fc.Arbitrary<Doc> = fc.record({
  title: text,
  root: graph,
  subgraphs: fc.dictionary(fc.constantFrom("s1", "s2", "constructor"), subgraph, { maxKeys: 2 }),
  form: fc.array(fc.record({ node: id, input: name, label: maybe(text) }).map(present<FormItem>()), { maxLength: 3 }),
  meta,
});
