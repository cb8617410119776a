/** What one pack is given: it gathers what the pack registers, and what the pack may ask and do. */

import { z } from "zod";
import { getJson, postJson } from "~/api/http";
import { type Command, registerCommands } from "~/commands/registry";
import { setValue } from "~/core/edits/nodes";
import type { Json } from "~/core/types";
import { toFile } from "~/formats/file";
import i18next from "~/i18n";
import { registerPanels } from "~/shell/slots";
import { useDoc } from "~/stores/doc";
import { scopeOf, useUi } from "~/stores/ui";
import { registerWidgets } from "~/widgets/registry";
import { panelOf } from "./PackPanel";
import { widgetKind } from "./PackWidget";
import { isOn, switchOff } from "./state";
import type { PackApi, PackCommand, PackEditor, PackGraph, PackPanel, PackTexts, PackWidget } from "./types";

/** A pack's registrations: they count together, once its function has ended well. */
export interface Gathering {
  readonly editor: PackEditor;
  /** Plug everything in. Registering later throws. */
  commit(): void;
  /** Take nothing more. */
  close(): void;
}

export function gather(address: string): Gathering {
  const widgets: PackWidget[] = [];
  const panels: PackPanel[] = [];
  const commands: PackCommand[] = [];
  const texts: PackTexts[] = [];
  let open = true;
  const add = <T>(list: T[], some: readonly T[]) => {
    if (!open) throw new Error("A pack registers while its function runs, not later.");
    list.push(...some);
  };
  const editor: PackEditor = Object.freeze({
    version: 1,
    registerWidget: (widget: PackWidget) => add(widgets, [widget]),
    registerPanel: (panel: PackPanel) => add(panels, [panel]),
    registerCommands: (some: readonly PackCommand[]) => add(commands, some),
    registerTexts: (some: PackTexts) => add(texts, [some]),
    text: (key: string, args = {}) => i18next.t(key, { ns: space(address), ...args }),
    graph,
    api: apiOf(address),
  });
  const close = () => void (open = false);
  const commit = () => {
    close();
    for (const some of texts) addTexts(address, some);
    registerWidgets(widgets.map((widget) => widgetKind(address, widget)));
    registerPanels(panels.map((panel) => panelOf(address, panel)));
    registerCommands(commands.map((command) => commandOf(address, command)));
  };
  return { editor, commit, close };
}

/** The namespace of a pack's texts. */
const space = (address: string): string => `pack.${address}`;

function addTexts(address: string, texts: PackTexts): void {
  for (const [language, words] of Object.entries(texts))
    i18next.addResourceBundle(language, space(address), words, true, true);
}

function commandOf(address: string, { id, title, keys, run }: PackCommand): Command {
  return {
    id: `pack.${address}.${id}`,
    title: `${space(address)}:${title}`,
    ...(keys && { keys }),
    when: () => isOn(address),
    run: async () => {
      try {
        await run();
      } catch (error) {
        switchOff(address, error);
      }
    },
  };
}

const graph: PackGraph = Object.freeze({
  read: () => toFile(useDoc.getState().doc),
  selection: () => [...useUi.getState().selection],
  setValue: (node: string, input: string, value: Json) => {
    const scope = scopeOf(useUi.getState().path);
    const label = { key: "packs:edit.value", args: { name: input } };
    useDoc.getState().edit(label, (d) => setValue(d, scope, node, input, value), `pack ${node} ${input}`);
  },
  subscribe: (listener: () => void) => {
    const stops = [
      useDoc.subscribe((now, before) => now.doc !== before.doc && listener()),
      useUi.subscribe((now, before) => now.selection !== before.selection && listener()),
    ];
    return () => stops.forEach((stop) => stop());
  },
});

const anything = z.json();

function apiOf(address: string): PackApi {
  const at = (path: string) => `/packs/${address}${path.startsWith("/") ? path : `/${path}`}`;
  return Object.freeze({
    get: (path: string) => getJson<Json>(at(path), anything),
    post: (path: string, body?: Json) => postJson<Json>(at(path), body, anything),
  });
}
