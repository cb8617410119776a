/** What a picture was made with, read from the workflow that it carries. */

import type { Arg } from "~/core/bypass";
import { type FlatNode, flattened } from "~/core/flat";
import type { Doc, InputDef, Registry } from "~/core/types";

/** Each line: what it tells (a key of live.json under viewer.about) and the values found, first first. */
export interface About {
  readonly prompt: string;
  readonly negative: string;
  readonly lines: readonly { readonly what: Line; readonly values: readonly string[] }[];
}

type Fits = (name: string, def: InputDef) => boolean;

const called =
  (...names: readonly string[]): Fits =>
  (name) =>
    names.includes(name);

const ofFile =
  (...kinds: readonly string[]): Fits =>
  (_, def) =>
    kinds.includes(def.file ?? "");

const LINES = [
  ["model", ofFile("checkpoints", "diffusion_models")],
  ["lora", ofFile("loras")],
  ["seed", called("seed", "noise_seed")],
  ["steps", called("steps")],
  ["cfg", called("cfg")],
  ["sampler", called("sampler_name")],
  ["scheduler", called("scheduler")],
  ["denoise", called("denoise")],
] as const satisfies readonly (readonly [string, Fits])[];

export type Line = (typeof LINES)[number][0];

type Nodes = ReadonlyMap<string, FlatNode>;

export function aboutOf(doc: Doc, registry: Registry): About {
  const nodes = flattened(doc, registry);
  const found = [...nodes.values()].flatMap(({ node, args }) =>
    Object.entries(registry[node.type]?.inputs ?? {}).map(([name, def]) => ({ name, def, arg: args[name] })),
  );
  const lines = LINES.flatMap(([what, fits]) => {
    const values = found.flatMap(({ name, def, arg }) => (fits(name, def) ? textOf(nodes, registry, arg) : []));
    return values.length ? [{ what, values: [...new Set(values)] }] : [];
  });
  const said = (input: string) => promptsInto(nodes, registry, input).join("\n");
  return { prompt: said("positive") || said("conditioning"), negative: said("negative"), lines };
}

/** The value of an input, or of the plain value node that it is linked to. */
function textOf(nodes: Nodes, registry: Registry, arg: Arg | undefined): string[] {
  if (!arg) return [];
  if (!("link" in arg)) return typeof arg.value === "object" ? [] : [String(arg.value)];
  const from = nodes.get(arg.link.node);
  const inputs = Object.keys(registry[from?.node.type ?? ""]?.inputs ?? {});
  const value = inputs.length === 1 ? from?.args[inputs[0] ?? ""] : undefined;
  return value && "value" in value ? textOf(nodes, registry, value) : [];
}

const isProse = (def: InputDef): boolean => def.type === "STRING" && def.widget?.name === "multiline";

/** The texts that lead into inputs of this name: the nearest on each way. */
function promptsInto(nodes: Nodes, registry: Registry, input: string): string[] {
  const starts = [...nodes.values()].flatMap(({ args }) => linked(args[input]));
  const seen = new Set(starts);
  const texts = new Set<string>();
  for (const id of seen) {
    const { node, args } = nodes.get(id) ?? {};
    const prose = Object.entries(registry[node?.type ?? ""]?.inputs ?? {}).filter(([, def]) => isProse(def));
    const own = prose.flatMap(([name]) => textOf(nodes, registry, args?.[name]));
    for (const text of own) if (text.trim()) texts.add(text.trim());
    if (!own.length) for (const arg of Object.values(args ?? {})) for (const next of linked(arg)) seen.add(next);
  }
  return [...texts];
}

const linked = (arg: Arg | undefined): string[] => (arg && "link" in arg ? [arg.link.node] : []);
