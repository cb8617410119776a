/** What tabs are called. */

import i18next from "i18next";
import { type Tab, useTabs } from "~/stores/tabs";
import { docOf } from "./tabs";
import { templateTitle } from "./templates";

/** A path without folders and ".json". */
export const baseName = (path: string): string => (path.split("/").at(-1) ?? path).replace(/\.json$/i, "");

/** The title of a tab in the reader's language: its file's name, else the document's title. */
export function titleOf(tab: Tab): string {
  const { file } = tab;
  if (file?.kind === "template") return templateTitle(file.name);
  if (file) return baseName(file.name);
  return docOf(tab).title || i18next.t("files:untitled");
}

/** The title of the tab with an id, to be used while rendering. */
export function useTitle(id: string): string {
  return useTabs((s) => {
    const tab = s.tabs.find((t) => t.id === id);
    return tab ? titleOf(tab) : "";
  });
}
