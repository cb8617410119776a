/** Which prompts a recorded run of a sampler read, and which nodes show its pictures: found along the links. */

import { typeOf } from "~/core/document";
import type { FlatNode } from "~/core/flat";
import type { Doc, Link, NodeType, Registry } from "~/core/types";
import { placedTokens } from "~/core/words";
import { originOf, spotOf } from "~/live/place";
import type { Token } from "~/recording/schema";
import { promptOf } from "~/recording/load";
import { promptKey } from "~/stores/light";
import { prefixOf } from "~/stores/ui";

export type Flat = ReadonlyMap<string, FlatNode>;

/** A prompt as it is typed in, and which branch of guidance reads it. */
export interface ReadPrompt {
  /** "full id/input" of where it is typed in. */
  readonly key: string;
  readonly branch: string;
  readonly text: string;
}

const linkAt = ({ args }: FlatNode, input: string): Link | null => {
  const arg = args[input];
  return arg && "link" in arg ? arg.link : null;
};

/** The node of a step: one that a node was expanded to ("12.0.3") is that node. */
export function stepNode(flat: Flat, id: string): string | null {
  for (let at = id; at; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) if (flat.has(at)) return at;
  return null;
}

/** The prompts that a run's branch ("positive", "negative") comes from. */
export function promptsOf(doc: Doc, registry: Registry, flat: Flat, run: string, branch: string): ReadPrompt[] {
  const first = stepNode(flat, run);
  const todo = first === null ? [] : [first];
  const seen = new Set(todo);
  const found: ReadPrompt[] = [];
  for (const id of todo) {
    const node = flat.get(id);
    if (!node) continue;
    const type = typeOf(doc, registry, node.node);
    const prompt = promptAt(doc, type, id, node, branch);
    if (prompt) found.push(...prompt);
    else
      for (const input of onward(type, branch)) {
        const link = linkAt(node, input);
        if (link && !seen.has(link.node)) {
          seen.add(link.node);
          todo.push(link.node);
        }
      }
  }
  return found;
}

type Words = Readonly<Record<string, readonly Token[]>>;

/** The prompts of a branch under the names that a recording has for them: of several, each by the words that it has. */
export function ownNames(prompts: readonly ReadPrompt[], words: Words): ReadPrompt[] {
  return prompts.flatMap((prompt) => {
    const mine = Object.entries(words).filter(
      ([name, tokens]) => tokens.length && promptOf(name).branch === prompt.branch,
    );
    const fits = mine
      .filter(([, tokens]) => placedTokens(prompt.text, tokens).length === tokens.length)
      .toSorted(([, a], [, b]) => b.length - a.length);
    const [name] = fits[0] ?? (prompts.length === 1 ? mine[0] : undefined) ?? [];
    return name === undefined ? [] : [{ ...prompt, branch: name }];
  });
}

const LEADS: ReadonlySet<string> = new Set(["CONDITIONING", "GUIDER"]);

/** Inputs that lead to a branch's prompts: the one of its name where there is one, else all that carry conditionings. */
function onward(type: NodeType, branch: string): string[] {
  const carrying = Object.keys(type.inputs).filter((name) => LEADS.has(type.inputs[name]?.type ?? ""));
  if (carrying.includes(branch)) return [branch];
  const guider = type.outputs.some((output) => output.type === "GUIDER");
  if (guider && branch !== "positive") return [];
  return carrying.filter((name) => name !== "positive" && name !== "negative");
}

/** The prompts of a text encoder; null of any other node. */
function promptAt(doc: Doc, type: NodeType, id: string, node: FlatNode, branch: string): ReadPrompt[] | null {
  const inputs = Object.entries(type.inputs);
  if (!inputs.some(([, def]) => def.type === "CLIP")) return null;
  return inputs.flatMap(([name, def]) => {
    const arg = node.args[name];
    const value = arg && "value" in arg ? arg.value : def.default;
    if (def.type !== "STRING" || linkAt(node, name) || typeof value !== "string") return [];
    const spot = spotOf(doc, id);
    if (!spot) return [];
    const origin = originOf(doc, spot, name);
    const { path, node: place } = origin.spot;
    return [{ key: promptKey(prefixOf(path), place, origin.input), branch, text: value }];
  });
}

/** Of each node that shows pictures, the nearest run whose picture it is. */
export function picturesOf(flat: Flat, showing: Iterable<string>, runs: readonly string[]): Record<string, string> {
  const ends = new Map(runs.flatMap((run) => [[stepNode(flat, run) ?? run, run] as const]));
  const found: Record<string, string> = {};
  for (const id of showing) {
    const run = nearest(flat, id, ends);
    if (run !== null) found[id] = run;
  }
  return found;
}

function nearest(flat: Flat, id: string, ends: ReadonlyMap<string, string>): string | null {
  const todo = [id];
  const seen = new Set(todo);
  for (const at of todo) {
    const run = ends.get(at);
    if (run !== undefined) return run;
    for (const arg of Object.values(flat.get(at)?.args ?? {}))
      if ("link" in arg && !seen.has(arg.link.node)) {
        seen.add(arg.link.node);
        todo.push(arg.link.node);
      }
  }
  return null;
}
