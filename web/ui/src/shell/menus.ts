/** The main menu: what stands where. Commands that a table does not name stand at the end of their topic's menu. */

import { keysFor } from "~/commands/keymap";
import { allCommands, type Command, commandOf, runCommand } from "~/commands/registry";
import { useSettings } from "~/stores/settings";
import type { MenuEntry } from "~/ui/Menu";

interface MenuTable {
  readonly id: "file" | "edit" | "graph" | "view" | "run" | "help";
  /** Ids in groups that lines part; those that nobody registered are left out. */
  readonly groups: readonly (readonly string[])[];
  /** Which other commands belong here, by the topic before the dot. */
  readonly topics: readonly string[];
}

export const MENUS: readonly MenuTable[] = [
  {
    id: "file",
    groups: [
      ["file.new", "file.open", "file.browse", "file.templates", "file.lessons"],
      ["file.save", "file.saveAs"],
      ["file.download", "file.export", "file.exportApi", "file.copy"],
      ["file.lessonBefore", "file.nextLesson"],
      ["file.versions", "file.compare", "file.lastRun", "file.endCompare"],
    ],
    topics: ["file", "tab"],
  },
  {
    id: "edit",
    groups: [
      ["edit.undo", "edit.redo", "panel.history"],
      ["graph.cut", "graph.copy", "graph.paste", "graph.pasteLinked", "graph.duplicate", "graph.delete"],
      ["graph.selectAll", "graph.invert", "graph.upstream", "graph.downstream"],
    ],
    topics: ["edit"],
  },
  {
    id: "graph",
    groups: [
      ["palette.open", "graph.note", "graph.group", "graph.fitGroup"],
      ["graph.mute", "graph.bypass", "graph.dissolve"],
      ["graph.collapse", "graph.pin", "graph.color", "graph.rename", "graph.resetSize"],
      ["graph.subgraph", "graph.unpack", "graph.detach", "graph.enter", "graph.leave"],
      ["graph.tidy"],
    ],
    topics: ["graph"],
  },
  {
    id: "view",
    groups: [
      ["commands.open"],
      ["canvas.fit", "canvas.fitSelection", "canvas.zoomIn", "canvas.zoomOut", "canvas.zoomReset"],
      ["canvas.minimap", "canvas.lock", "canvas.snap"],
    ],
    topics: ["form", "panel", "view"],
  },
  {
    id: "run",
    groups: [
      ["run.queue", "run.front", "run.here"],
      ["run.interrupt", "queue.pause", "queue.clear"],
      ["run.nextProblem", "app.refresh"],
    ],
    topics: ["run", "queue"],
  },
  {
    id: "help",
    groups: [
      ["keys.open", "settings.open"],
      ["packs.show", "about.open"],
    ],
    topics: ["help"],
  },
];

const topicOf = (id: string) => id.slice(0, id.indexOf("."));

/** The commands of a menu, in groups. */
export function groupsOf(menu: MenuTable): Command[][] {
  const named = new Set(MENUS.flatMap((m) => m.groups.flat()));
  const groups = menu.groups.map((ids) => ids.flatMap((id) => commandOf(id) ?? []));
  const others = menu.topics.map((topic) =>
    allCommands().filter((c) => topicOf(c.id) === topic && !named.has(c.id) && !c.hidden),
  );
  return [...groups, ...others].filter((group) => group.length > 0);
}

type Say = (key: string) => string;

function entryOf(command: Command, say: Say): MenuEntry {
  return {
    id: command.id,
    label: say(command.title),
    keys: keysFor(command.id, useSettings.getState().keys)[0],
    disabled: command.when?.() === false,
    ...(command.checked && { checked: command.checked() }),
    run: () => void runCommand(command.id),
  };
}

/** The whole menu as it is now: each menu an entry with its own inside. */
export const mainMenu = (say: Say): MenuEntry[] =>
  MENUS.map((menu) => ({
    id: menu.id,
    label: say(`shell:menu.${menu.id}`),
    items: groupsOf(menu).flatMap((group, i): MenuEntry[] => [
      ...(i > 0 ? (["line"] as const) : []),
      ...group.map((command) => entryOf(command, say)),
    ]),
  })).filter((menu) => menu.items.length > 0);
