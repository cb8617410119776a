/** The workflows that come along: fetched once, titled in the reader's language. */

import i18next from "i18next";
import { create } from "zustand";
import { getJson } from "~/api/http";
import { object } from "~/api/schema";
import type { Doc } from "~/core/types";
import { toDoc } from "~/formats/file";
import { type Template, templates as schema } from "./schema";

interface TemplatesState {
  readonly list: readonly Template[];
}

export const useTemplates = create<TemplatesState>()(() => ({ list: [] }));

let asked: Promise<readonly Template[]> | null = null;

/** Ask again which there are, and which models they miss; those who ask at the same time get one answer. */
export function loadTemplates(): Promise<readonly Template[]> {
  asked ??= ask().finally(() => {
    asked = null;
  });
  return asked;
}

async function ask(): Promise<readonly Template[]> {
  const { workflows } = await getJson("/workflows", schema);
  useTemplates.setState({ list: workflows });
  return workflows;
}

type Numbered = Pick<Template, "lesson">;

/** The lessons in the order in which they are read. */
export const byLesson = (a: Numbered, b: Numbered): number => (a.lesson ?? 0) - (b.lesson ?? 0);

/** A text of a template in the reader's language; of one that the language files do not know, the server's. */
function textOf(name: string, part: "title" | "description"): string {
  const known = useTemplates.getState().list.find((t) => t.name === name);
  return i18next.t(`templates:${name}.${part}`, { defaultValue: known?.[part] ?? name });
}

export const templateTitle = (name: string): string => textOf(name, "title");
export const templateDescription = (name: string): string => textOf(name, "description");

export async function templateDoc(name: string): Promise<Doc> {
  const file = await getJson(`/workflows/${encodeURIComponent(name)}`, object);
  return toDoc(file).doc;
}
