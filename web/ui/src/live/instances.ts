/** Entries for what stands for several steps: instances of subgraphs, nodes that were expanded. */

import type { NodeRun } from "~/stores/run";

/** The ids that an id lies in: "12:3:4" in "12:3" and "12". */
export function around(id: string): string[] {
  const found: string[] = [];
  for (let at = id.lastIndexOf(":"); at > 0; at = id.lastIndexOf(":", at - 1)) found.push(id.slice(0, at));
  return found;
}

type Nodes = Readonly<Record<string, NodeRun>>;

/** The node of the file that a step of a loop is a copy of: the loop "9" runs "6" as "9.0.6", "9.1.6", …, the plot "8"
 * in its cells as "8.x0y0.6", or for a whole column or all as "8.x0.6", "8.all.6"; null of steps that no node of the
 * file stands for. */
export const copied = (id: string, parent: string): string | null =>
  /^\.(?:\d+|all|x\d+|y\d+|x\d+y\d+)\.([^.]+)$/.exec(id.slice(parent.length))?.[1] ?? null;

/** What shows the cells of a plot while it runs: of the plot "8" these are "8.labels" and "8.cell.x0y0", …. */
const CELL = /^\.(?:labels|cell\.(x\d+y\d+))$/;

/** What a step is drawn on beside itself. A node with a step of its own shows that one alone. */
function drawnOn(nodes: Nodes, id: string, parent: string | undefined): string[] {
  const body = parent === undefined ? null : copied(id, parent);
  if (body === null || nodes[body]) return around(parent ?? id);
  return [body, ...around(body)];
}

/** The nodes and an entry for each instance around them. Entries that come out as they were are the very same.
 *
 * Args: parents: of expanded steps, which node. before: what this gave the last time.
 */
export function withInstances(nodes: Nodes, parents: Readonly<Record<string, string>>, before: Nodes): Nodes {
  const inside = new Map<string, NodeRun[]>();
  const add = (outer: string, run: NodeRun) => {
    const list = inside.get(outer);
    if (list) list.push(run);
    else inside.set(outer, [run]);
  };
  const plots = new Map<string, [string, NodeRun][]>();
  const shown: Record<string, NodeRun> = {};
  for (const [id, run] of Object.entries(nodes)) {
    const parent = parents[id];
    const cell = parent === undefined ? null : CELL.exec(id.slice(parent.length));
    if (parent !== undefined && cell) {
      const known = plots.get(parent) ?? [];
      plots.set(parent, known);
      known.push([cell[1] ?? "", run]);
    }
    if (parent === undefined) shown[id] = run;
    for (const outer of drawnOn(nodes, id, parent)) add(outer, run);
  }
  for (const [id, runs] of inside) {
    const sum = summed(runs);
    shown[id] = same(before[id], sum) ? (before[id] ?? sum) : sum;
  }
  for (const [id, cells] of plots) {
    const own = shown[id];
    if (own && !own.shown) shown[id] = withCells(own, cells, before[id]);
  }
  return shown;
}

/** A plot that is not through, with the cells that are: `cells` of what it shows has their pictures by place. */
function withCells(run: NodeRun, parts: readonly (readonly [string, NodeRun])[], before: NodeRun | undefined): NodeRun {
  const made = parts.filter(([, part]) => part.shown);
  const done = made.filter(([place]) => place).length;
  const total = parts.filter(([place]) => place).length;
  if (!made.length || (before?.state === run.state && before.done === done && before.total === total)) {
    return made.length && before ? before : run;
  }
  const labels = made.find(([place]) => !place)?.[1].shown;
  const cells = Object.fromEntries(
    made.filter(([place]) => place).map(([place, part]) => [place, part.shown?.["images"] ?? []]),
  );
  const gaps = made.flatMap(([, part]) => part.shown?.["gaps"] ?? []);
  return { ...run, done, total, shown: { ...labels, cells, ...(gaps.length > 0 && { gaps }) } };
}

const count = (runs: readonly NodeRun[], state: NodeRun["state"]) => runs.filter((r) => r.state === state).length;

/** Several steps as one: running while one runs, its progress that of the one that runs. */
function summed(runs: readonly NodeRun[]): NodeRun {
  const running = runs.find((run) => run.state === "running");
  const shown = runs.findLast((run) => run.shown)?.shown;
  const more = shown ? { shown } : {};
  if (running) return { ...running, ...more };
  const failed = runs.find((run) => run.state === "error");
  if (failed) return failed;
  if (count(runs, "cached") === runs.length) return { state: "cached", ...more };
  const waiting = count(runs, "waiting");
  if (waiting === runs.length) return { state: "waiting" };
  if (waiting) return { state: "running", done: runs.length - waiting, total: runs.length, ...more };
  if (count(runs, "stopped")) return { state: "stopped", ...more };
  return { state: "done", seconds: busy(runs), ...more };
}

/** Seconds in which at least one of them ran: rounds of a loop may run at once. */
function busy(runs: readonly NodeRun[]): number {
  let [seconds, until] = [0, -Infinity];
  for (const { started, seconds: length = 0 } of runs.toSorted((a, b) => (a.started ?? 0) - (b.started ?? 0))) {
    const from = (started ?? Infinity) / 1000;
    seconds += started === undefined ? length : Math.max(0, from + length - Math.max(from, until));
    if (started !== undefined) until = Math.max(until, from + length);
  }
  return seconds;
}

function same(a: NodeRun | undefined, b: NodeRun): boolean {
  if (!a) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof NodeRun>;
  return [...keys].every((key) => a[key] === b[key]);
}
