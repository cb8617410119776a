import { keysFor } from "~/commands/keymap";
import { useSettings } from "~/stores/settings";

/** The keys of a command that are shown beside it: the reader's own, else its default; nothing without keys. */
export const useKeys = (command: string): string | undefined => useSettings((s) => keysFor(command, s.keys)[0]);

export const usePanelKeys = (panel: string): string | undefined => useKeys(`panel.${panel}`);
