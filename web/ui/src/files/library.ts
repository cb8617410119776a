/** The user's workflows on the server, as lists show them. */

import { useEffect } from "react";
import { create } from "zustand";
import { fold } from "~/core/search";
import { type FileRef, updateTab, useTabs } from "~/stores/tabs";
import { listFiles, removeStored, renameStored } from "./client";
import { sentenceOf, tellFailure } from "./failures";
import { fileName, storedChanged, tellChanged } from "./save";
import type { Stored } from "./schema";

interface LibraryState {
  /** null: not asked for yet. */
  readonly files: readonly Stored[] | null;
  readonly error: string | null;
}

export const useLibrary = create<LibraryState>()(() => ({ files: null, error: null }));

async function load(): Promise<void> {
  try {
    useLibrary.setState({ files: await listFiles(), error: null });
  } catch (error) {
    useLibrary.setState({ error: sentenceOf(error) });
  }
}

/** The list, fresh while somebody looks at it. */
export function useStored(): LibraryState {
  useEffect(() => {
    void load();
    const again = () => void load();
    storedChanged.addEventListener("change", again);
    window.addEventListener("focus", again);
    return () => {
      storedChanged.removeEventListener("change", again);
      window.removeEventListener("focus", again);
    };
  }, []);
  return useLibrary();
}

/** The files whose path has every word of a query; marks over letters and case do not count. */
export function matching(files: readonly Stored[], query: string): readonly Stored[] {
  const words = fold(query).toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return files;
  return files.filter(({ path }) => {
    const name = fold(path).toLowerCase();
    return words.every((word) => name.includes(word));
  });
}

/** Change what tabs say of a file that has another name now, or is gone. */
function follow(name: string, file: FileRef | null): void {
  for (const tab of useTabs.getState().tabs)
    if (tab.file?.kind === "server" && tab.file.name === name)
      updateTab(tab.id, file ? { file } : { file: null, saved: null, dirty: true });
}

/** Give a file another name; gives the sentence of what is wrong, null when it is done. */
export async function renameFile(name: string, to: string): Promise<string | null> {
  const target = fileName(to);
  try {
    if (target !== name) await renameStored(name, target);
  } catch (error) {
    return sentenceOf(error);
  }
  follow(name, { kind: "server", name: target });
  tellChanged();
  return null;
}

/** Delete a file; its versions stay on the server. A tab that has it open keeps it, unsaved. */
export async function removeFile(name: string): Promise<void> {
  try {
    await removeStored(name);
    follow(name, null);
    tellChanged();
  } catch (error) {
    tellFailure(error, name);
  }
}
