/** The constants that an axis of a plot may change: those typed into the nodes that lead to its picture. */

import { flattened } from "~/core/flat";
import { hasWidget } from "~/core/names";
import type { Doc, InputDef, Json, Registry } from "~/core/types";

export interface Constant {
  /** As the plot names it: "Title.input", or "id.input" where several nodes are called the same. */
  readonly target: string;
  readonly def: InputDef;
  /** What the node has now. */
  readonly value: Json | undefined;
}

/** The constants above the picture of a plot, those of the nearest nodes first.
 *
 * Args: plot: its full id.
 */
export function constantsAbove(doc: Doc, registry: Registry, plot: string): Constant[] {
  const flat = flattened(doc, registry);
  const found: string[] = [];
  const todo = sourcesOf(flat, plot, "image");
  const seen = new Set(todo);
  for (let id = todo.shift(); id !== undefined; id = todo.shift()) {
    found.push(id);
    for (const source of sourcesOf(flat, id))
      if (!seen.has(source)) {
        seen.add(source);
        todo.push(source);
      }
  }
  const names = new Map<string, number>();
  const nameOf = (id: string) => flat.get(id)?.node.title || flat.get(id)?.node.type || "";
  for (const id of found) names.set(nameOf(id), (names.get(nameOf(id)) ?? 0) + 1);
  return found.flatMap((id) => {
    const inner = flat.get(id);
    const name = names.get(nameOf(id)) === 1 && !flat.has(nameOf(id)) ? nameOf(id) : id;
    return Object.entries(inner ? (registry[inner.node.type]?.inputs ?? {}) : {}).flatMap(([input, def]) => {
      const arg = inner?.args[input];
      if (!hasWidget(def) || def.list || (arg && "link" in arg)) return [];
      return [{ target: `${name}.${input}`, def, value: arg && "value" in arg ? arg.value : def.default }];
    });
  });
}

function sourcesOf(flat: ReturnType<typeof flattened>, id: string, input?: string): string[] {
  const args = Object.entries(flat.get(id)?.args ?? {}).filter(([name]) => input === undefined || name === input);
  return args.flatMap(([, arg]) => ("link" in arg && flat.has(arg.link.node) ? [arg.link.node] : []));
}
