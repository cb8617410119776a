/** The workflow as a tree: nodes in running order, inside the groups that frame them; instances of subgraphs hold their
 * definition's nodes. Flat rows, as the panel draws them; only what is open is walked. */

import { graphOf } from "~/core/document";
import { inside } from "~/core/edits/frames";
import { INPUTS, OUTPUTS, subgraphIdOf } from "~/core/names";
import type { Doc, Graph, NodeId, Registry, Scope } from "~/core/types";
import { ordered } from "~/core/walk";
import { prefixOf, scopeOf, type Step } from "~/stores/ui";

export interface Row {
  /** Unique in the tree: the node's full id, or "group:", "note:" before the id within its graph's prefix. */
  readonly key: string;
  readonly kind: "node" | "group" | "note";
  readonly id: string;
  /** How its graph is reached. */
  readonly path: readonly Step[];
  readonly level: number;
  /** Place among its neighbours, from 1, and how many they are. */
  readonly place: number;
  readonly of: number;
  /** The row that holds it. */
  readonly parent: string | null;
  /** null: it holds nothing. */
  readonly open: boolean | null;
}

type Branch = Pick<Row, "kind" | "id"> & { readonly members?: readonly NodeId[] };

/** What a graph holds at its top level: groups stand where their first node stands; notes come last. */
function branches(doc: Doc, registry: Registry, scope: Scope): Branch[] {
  const graph = graphOf(doc, scope);
  const order = ordered(graph);
  const groupOf = framing(doc, registry, scope, graph);
  const members = new Map<string, NodeId[]>(Object.keys(graph.groups).map((id) => [id, []]));
  for (const id of order) members.get(groupOf.get(id) ?? "")?.push(id);
  const told = new Set<string>();
  const found: Branch[] = [];
  for (const id of order) {
    const group = groupOf.get(id);
    if (group === undefined) found.push({ kind: "node", id });
    else if (!told.has(group)) {
      told.add(group);
      found.push({ kind: "group", id: group, members: members.get(group) ?? [] });
    }
  }
  for (const id of Object.keys(graph.groups)) if (!told.has(id)) found.push({ kind: "group", id, members: [] });
  const ends: Branch[] = scope === null ? [] : [INPUTS, OUTPUTS].map((id) => ({ kind: "node", id }));
  const notes = Object.keys(graph.notes).map((id): Branch => ({ kind: "note", id }));
  return [...ends.slice(0, 1), ...found, ...ends.slice(1), ...notes];
}

/** The smallest group that frames each node. */
function framing(doc: Doc, registry: Registry, scope: Scope, graph: Graph): ReadonlyMap<NodeId, string> {
  const size = (id: string) => (graph.groups[id]?.size[0] ?? 0) * (graph.groups[id]?.size[1] ?? 0);
  const largestFirst = Object.keys(graph.groups).toSorted((a, b) => size(b) - size(a));
  return new Map(largestFirst.flatMap((g) => inside(doc, scope, registry, g).nodes.map((id) => [id, g] as const)));
}

/** Groups are open, subgraphs closed, until they are toggled. */
const isOpen = (kind: Row["kind"], key: string, toggled: ReadonlySet<string>): boolean =>
  (kind === "group") !== toggled.has(key);

/** The key of something in the graph that a path leads to. */
export const keyOf = (path: readonly Step[], kind: Row["kind"], id: string): string =>
  kind === "node" ? prefixOf(path) + id : `${kind}:${prefixOf(path)}${id}`;

/** All rows that are in sight when what was `toggled` is open or closed otherwise than at first. */
export function rowsOf(doc: Doc, registry: Registry, toggled: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const walk = (path: readonly Step[], list: readonly Branch[], level: number, parent: string | null): void => {
    const graph = graphOf(doc, scopeOf(path));
    for (const [n, branch] of list.entries()) {
      const key = keyOf(path, branch.kind, branch.id);
      const type = branch.kind === "node" ? graph.nodes[branch.id]?.type : undefined;
      const subgraph = type === undefined ? null : subgraphIdOf(type);
      const holds = branch.members ? branch.members.length > 0 : subgraph !== null && subgraph in doc.subgraphs;
      const open = holds ? isOpen(branch.kind, key, toggled) : null;
      rows.push({ key, kind: branch.kind, id: branch.id, path, level, place: n + 1, of: list.length, parent, open });
      if (!open) continue;
      if (branch.members)
        walk(
          path,
          branch.members.map((id): Branch => ({ kind: "node", id })),
          level + 1,
          key,
        );
      else if (subgraph !== null) enter({ instance: branch.id, subgraph }, path, level, key);
    }
  };
  const enter = (step: Step, path: readonly Step[], level: number, key: string) => {
    if (path.some((s) => s.subgraph === step.subgraph)) return; // a definition that holds itself ends here
    walk([...path, step], branches(doc, registry, step.subgraph), level + 1, key);
  };
  walk([], branches(doc, registry, null), 1, null);
  return rows;
}

/** What must be toggled so that a row of this path is in sight. */
export function opened(toggled: ReadonlySet<string>, path: readonly Step[]): ReadonlySet<string> {
  const keys = path.map((step, n) => keyOf(path.slice(0, n), "node", step.instance));
  return keys.every((key) => toggled.has(key)) ? toggled : new Set([...toggled, ...keys]);
}

/** The row that a key leads to from the active one; undefined if the key is none of a tree's. */
export function moved(rows: readonly Row[], active: number, key: string): number | undefined {
  const row = rows[active];
  if (!row) return rows.length ? 0 : undefined;
  switch (key) {
    case "ArrowDown":
      return Math.min(active + 1, rows.length - 1);
    case "ArrowUp":
      return Math.max(active - 1, 0);
    case "Home":
      return 0;
    case "End":
      return rows.length - 1;
    case "ArrowRight":
      return row.open && rows[active + 1]?.parent === row.key ? active + 1 : active;
    case "ArrowLeft":
      return row.parent === null ? active : rows.findIndex((r) => r.key === row.parent);
    default:
      return undefined;
  }
}

/** The next row whose name begins with what was typed, from the active one on and around; -1 if none does. */
export function typed(names: readonly string[], active: number, letters: string): number {
  const sought = folded(letters);
  const from = letters.length > 1 ? active : active + 1; // one letter again and again goes on
  for (let n = 0; n < names.length; n++) {
    const at = (from + n) % names.length;
    if (folded(names[at] ?? "").startsWith(sought)) return at;
  }
  return -1;
}

/** Without case and diacritics; "đ" as "d". */
export const folded = (text: string): string =>
  text.toLocaleLowerCase().replaceAll("đ", "d").normalize("NFD").replaceAll(/\p{M}/gu, "");
