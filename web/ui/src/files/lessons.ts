/** The lessons in their order, and which of them the front tab shows. */

import { frontTab, type Tab } from "~/stores/tabs";
import { openTemplate } from "./open";
import type { Template } from "./schema";
import { byLesson, useTemplates } from "./templates";

export const lessonsOf = (list: readonly Template[]): readonly Template[] =>
  list.filter(({ lesson }) => lesson !== null).toSorted(byLesson);

/** The lesson that a tab shows; -1: none. */
export const lessonIn = (tab: Pick<Tab, "file"> | undefined, lessons: readonly Template[]): number =>
  tab?.file?.kind === "template" ? lessons.findIndex(({ name }) => name === tab.file?.name) : -1;

/** The lesson so many places after the one in front; null where there is none. */
export function lessonBy(by: number): Template | null {
  const lessons = lessonsOf(useTemplates.getState().list);
  const at = lessonIn(frontTab(), lessons);
  return at < 0 ? null : (lessons[at + by] ?? null);
}

export async function goToLesson(by: number): Promise<void> {
  const next = lessonBy(by);
  if (next) await openTemplate(next.name);
}
