/** What the server knows of model files: their family, their size, a picture. Asked once for each list of files. */

import { useEffect } from "react";
import { z } from "zod";
import { create } from "zustand";
import { getJson } from "~/api/http";
import { useServer } from "~/stores/server";

const model = z.object({
  name: z.string(),
  size: z.number(),
  /** What the family is called: "SD 1.5". */
  title: z.string().nullable(),
  /** Why the file cannot be used. */
  unusable: z.string().nullable(),
  /** Where a picture of it is. */
  preview: z.string().nullable().default(null),
});

const page = z.object({ models: z.array(model), next: z.string().nullable() });

export type Model = z.infer<typeof model>;

/** Files of pictures and others that people put in; all other kinds are models. */
const OWN = new Set(["input", "output", "temp"]);
const LIMIT = 1000;
/** So that a library of any size is an answer of bounded size. */
const PAGES = 20;

interface ModelsState {
  /** By kind, and the list of files or node types that they were asked for with. */
  readonly known: Readonly<Record<string, { readonly list: unknown; readonly models: ReadonlyMap<string, Model> }>>;
}

const useModelsStore = create<ModelsState>()(() => ({ known: {} }));

const NONE: ReadonlyMap<string, Model> = new Map();

async function load(kind: string, list: unknown): Promise<void> {
  const put = (models: ReadonlyMap<string, Model>) =>
    useModelsStore.setState((s) => ({ known: { ...s.known, [kind]: { list, models } } }));
  const models = new Map<string, Model>(useModelsStore.getState().known[kind]?.models);
  put(models);
  let cursor: string | null = "";
  for (let i = 0; i < PAGES && cursor !== null; i++) {
    const query = new URLSearchParams({ limit: String(LIMIT), ...(cursor && { cursor }) });
    const told: z.infer<typeof page> = await getJson(`/models/${encodeURIComponent(kind)}?${query}`, page);
    for (const one of told.models) models.set(one.name, one);
    cursor = told.next;
  }
  put(new Map(models));
}

/** The models of a kind by their file names; none for pictures, and none until they are known. They are asked for
 * again when the server's list of files is. */
export function useModels(kind: string | undefined): ReadonlyMap<string, Model> {
  const list = useServer((s) => (kind === undefined ? undefined : (s.files[kind] ?? s.registry)));
  const known = useModelsStore((s) => (kind === undefined ? undefined : s.known[kind]));
  useEffect(() => {
    if (kind === undefined || OWN.has(kind) || (Array.isArray(list) && !list.length)) return;
    if (useModelsStore.getState().known[kind]?.list === list) return;
    // Without them a list has no families and no pictures, and works all the same.
    load(kind, list).catch(() => undefined);
  }, [kind, list]);
  return known?.models ?? NONE;
}

/** Where a small version of a file's picture is, if it has one; `side`: pixels. */
export function pictureOf(kind: string | undefined, name: string, models: ReadonlyMap<string, Model>, side = 96) {
  if (kind !== undefined && OWN.has(kind)) {
    if (!/\.(png|jpe?g|webp|gif|bmp|tiff?)$/i.test(name)) return null;
    return `/api/v1/images/${kind}/${name.split("/").map(encodeURIComponent).join("/")}/thumbnail?side=${side}`;
  }
  const preview = models.get(name)?.preview;
  return preview ? `${preview}?side=${side}` : null;
}
