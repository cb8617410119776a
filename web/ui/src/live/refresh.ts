/** What the server can do: its node types and the files that their inputs choose from. */

import { z } from "zod";
import { getJson } from "~/api/http";
import { counts, models, nodeTypes, pictures } from "~/api/schema";
import type { NodeType, Registry } from "~/core/types";
import { useServer } from "~/stores/server";

type Told = z.infer<typeof nodeTypes>[string];

const typeOf = (name: string, told: Told): NodeType => ({
  ...told,
  name,
  outputs: Object.entries(told.outputs).map(([output, about]) => ({ name: output, ...about })),
});

export const registryOf = (told: z.infer<typeof nodeTypes>): Registry =>
  Object.fromEntries(Object.entries(told).map(([name, about]) => [name, typeOf(name, about)]));

/** Kinds of files that some input chooses from. */
export function kindsOf(registry: Registry): string[] {
  const inputs = Object.values(registry).flatMap((type) => Object.values(type.inputs));
  return [...new Set(inputs.map((input) => input.file).filter((kind) => kind !== undefined))];
}

/** Folders of the user's own pictures; all other kinds are models. */
const OWN = new Set(["input", "output", "temp"]);
const PAGE = 1000;
/** Pages of names that are read: more files than that are found by typing their name. */
const PAGES = 20;

async function paged(ask: (cursor: string) => Promise<{ names: string[]; next: string | null }>): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | null = "";
  for (let page = 0; page < PAGES && cursor !== null; page++) {
    const told = await ask(cursor);
    names.push(...told.names);
    cursor = told.next;
  }
  return names;
}

const query = (cursor: string, more: Record<string, string> = {}) =>
  new URLSearchParams({ limit: String(PAGE), ...more, ...(cursor && { cursor }) }).toString();

async function namesOf(kind: string): Promise<string[]> {
  if (OWN.has(kind))
    return paged(async (cursor) => {
      const told = await getJson(`/images?${query(cursor, { type: kind })}`, pictures);
      return { names: told.images.map((image) => image.name), next: told.next };
    });
  return paged(async (cursor) => {
    const told = await getJson(`/models/${encodeURIComponent(kind)}?${query(cursor)}`, models);
    return { names: told.models.map((model) => model.name), next: told.next };
  });
}

async function filesOf(kinds: readonly string[]): Promise<Record<string, string[]>> {
  const there = await getJson("/models", counts);
  const lists = await Promise.all(
    kinds.map(async (kind) => [kind, OWN.has(kind) || there[kind] ? await namesOf(kind) : []] as const),
  );
  return Object.fromEntries(lists);
}

/** Ask again for node types and files. Raises ApiError. */
export async function refresh(): Promise<void> {
  const registry = registryOf(await getJson("/nodes", nodeTypes));
  const files = await filesOf(kindsOf(registry));
  useServer.setState({ registry, files, ready: true });
}
