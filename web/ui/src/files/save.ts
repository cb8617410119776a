/** Saving: named files on the server, with versions; downloads in several formats. */

import i18next from "i18next";
import { ApiError } from "~/api/http";
import type { Json } from "~/core/types";
import { toFile } from "~/formats/file";
import { writeJson } from "~/formats/json";
import { frontTab, type Tab, useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { askExport, writeStored } from "./client";
import { tellFailure } from "./failures";
import { docOf, markSaved } from "./tabs";
import { titleOf } from "./titles";

/** Grows when the user's files on the server changed: lists of them are out of date. */
export const storedChanged = new EventTarget();
const changed = () => storedChanged.dispatchEvent(new Event("change"));

/** The text of a tab's file. */
export const textOf = (tab: Tab): string => `${writeJson(toFile(docOf(tab)), 2)}\n`;

/** Write the front tab into its file; without one, ask for a name. Says whether it is saved. */
export async function save(id = useTabs.getState().front): Promise<boolean> {
  const tab = useTabs.getState().tabs.find((t) => t.id === id);
  if (!tab) return false;
  if (tab.file?.kind === "server") return written(tab, tab.file.name, true);
  useUi.getState().show("files.saveAs", { id });
  return false;
}

/** Write the front tab into a file of this name ("portraits/fox"), which becomes its file. `overwrite`: though there
 * is one. Gives false when the name is taken. */
export async function saveAs(name: string, overwrite = false, id = useTabs.getState().front): Promise<boolean> {
  const tab = useTabs.getState().tabs.find((t) => t.id === id);
  return tab ? written(tab, fileName(name), overwrite) : false;
}

/** A name as the user typed it, as a path of a file. */
export const fileName = (name: string): string => `${name.trim().replace(/\.json$/i, "")}.json`;

async function written(tab: Tab, name: string, overwrite: boolean): Promise<boolean> {
  const doc = docOf(tab);
  try {
    await writeStored(name, textOf(tab), overwrite);
    markSaved(tab.id, doc, { kind: "server", name });
    changed();
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 409 && !overwrite) return false;
    tellFailure(error, name);
    return false;
  }
}

export const tellChanged = changed;

/** Hand a text to the browser as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The front tab's file as it is saved. */
export function downloadFile(): void {
  const tab = frontTab();
  if (tab) download(`${plainName(titleOf(tab))}.json`, textOf(tab));
}

/** The front tab in a format of ComfyUI's: what its server runs ("api"), or what its editors open ("comfy"). */
export async function downloadAs(form: "api" | "comfy"): Promise<void> {
  const tab = frontTab();
  if (!tab) return;
  try {
    const exported: Json = await askExport(toFile(docOf(tab)), form);
    download(`${plainName(titleOf(tab))} (${form === "api" ? "API" : "ComfyUI"}).json`, writeJson(exported, 2));
  } catch (error) {
    tellFailure(error);
  }
}

/** The front tab's file on the clipboard. */
export async function copyFile(): Promise<void> {
  const tab = frontTab();
  if (!tab) return;
  try {
    await navigator.clipboard.writeText(textOf(tab));
    useUi.getState().toast("success", { key: "files:copied" });
  } catch {
    useUi.getState().toast("error", i18next.t("files:error.clipboard"));
  }
}

/** A title as the name of a file on any system. */
const plainName = (title: string): string =>
  title
    // oxlint-disable-next-line no-control-regex -- these are what no file system takes
    .replace(/[<>:"/\\|?*\u0000-\u001f]/g, " ")
    .trim()
    .slice(0, 120) || "workflow";
