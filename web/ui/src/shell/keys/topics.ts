/** How the key help groups commands. */

import type { Command } from "~/commands/registry";

/** Topics too small to stand alone, and where they stand. */
const WITH: Readonly<Record<string, string>> = {
  palette: "edit",
  commands: "app",
  settings: "app",
  keys: "app",
  about: "app",
  packs: "app",
};

/** Topics in the order of their first command. */
export function byTopic(commands: readonly Command[]): [string, Command[]][] {
  const topics = new Map<string, Command[]>();
  for (const command of commands) {
    const own = command.id.slice(0, command.id.indexOf("."));
    const topic = WITH[own] ?? own;
    topics.set(topic, [...(topics.get(topic) ?? []), command]);
  }
  return [...topics];
}
