/** Commands of the frame. Keys as in ComfyUI where it has them. */

import i18next from "i18next";
import { canvasApi } from "~/canvas/api";
import { type Command, registerCommands } from "~/commands/registry";
import { useDoc } from "~/stores/doc";
import { type Settings, useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { lookAt } from "./look";
import { nextRegion } from "./regions";

const show = (name: string) => () => useUi.getState().show(name);

const THEMES: readonly Settings["theme"][] = ["dark", "light", "contrast"];

function nextTheme(): void {
  const shown = document.documentElement.dataset["theme"];
  const at = THEMES.findIndex((theme) => theme === shown);
  useSettings.getState().change({ theme: THEMES[(at + 1) % THEMES.length] ?? "dark" });
}

/** Go back or forward, look at the graph where that is, and say what was done. */
function travel(way: "undo" | "redo"): void {
  const { past, future } = useDoc.getState();
  const entry = (way === "undo" ? past : future).at(-1);
  if (!entry) return;
  useDoc.getState()[way]();
  lookAt(entry);
}

const COMMANDS: readonly Command[] = [
  {
    id: "edit.undo",
    title: "shell:command.undo",
    keys: ["Mod+Z"],
    repeats: true,
    when: () => useDoc.getState().past.length > 0,
    run: () => travel("undo"),
  },
  {
    id: "edit.redo",
    title: "shell:command.redo",
    keys: ["Mod+Shift+Z", "Mod+Y"],
    repeats: true,
    when: () => useDoc.getState().future.length > 0,
    run: () => travel("redo"),
  },
  {
    id: "palette.open",
    title: "shell:command.palette",
    keys: ["Tab", "Space", "Shift+A"],
    when: () => !useUi.getState().readOnly,
    run: () => useUi.getState().openPalette({ at: canvasApi.cursor() }),
  },
  { id: "commands.open", title: "shell:command.commands", keys: ["Mod+K", "F1"], inText: true, run: show("commands") },
  { id: "settings.open", title: "shell:command.settings", keys: ["Mod+,"], inText: true, run: show("settings") },
  { id: "keys.open", title: "shell:command.keys", keys: ["?"], run: show("keys") },
  { id: "about.open", title: "shell:command.about", run: show("about") },
  { id: "view.theme", title: "shell:command.theme", run: nextTheme },
  {
    id: "view.language",
    title: "shell:command.language",
    run: () => useSettings.getState().change({ language: i18next.language === "vi" ? "en" : "vi" }),
  },
  { id: "view.region", title: "shell:command.region", keys: ["F6"], inText: true, run: () => nextRegion(1) },
  {
    id: "view.regionBack",
    title: "shell:command.regionBack",
    keys: ["Shift+F6"],
    inText: true,
    run: () => nextRegion(-1),
  },
  {
    id: "view.fullscreen",
    title: "shell:command.fullscreen",
    keys: ["Shift+F"],
    when: () => document.fullscreenEnabled,
    run: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
  },
];

registerCommands(COMMANDS);
