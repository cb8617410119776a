/** Every action of the user is a command: one table for keys, menus, the command palette and tests. */

export interface Command {
  /** "graph.delete": the topic and the action. */
  readonly id: string;
  /** A key of the language files, with its namespace: "canvas:command.fit". */
  readonly title: string;
  /** As "Mod+Shift+E", "Delete", "."; Mod is Ctrl, on a Mac Command. The first is shown. */
  readonly keys?: readonly string[];
  /** Whether it can be used now; always without it. */
  when?(): boolean;
  run(args?: unknown): void | Promise<void>;
  /** Of a command that switches something: whether it is on. */
  checked?(): boolean;
  /** Not listed in the palette (it needs a place or an argument). */
  readonly hidden?: boolean;
  /** Works while a text field has the focus (Mod+Enter, Mod+S, …). */
  readonly inText?: boolean;
  /** Its keys count only while the focus is inside an element with `data-keys` of this name, and come before others'
   * there. "canvas" counts too while nothing has the focus. */
  readonly target?: string;
  /** Runs again and again while its key is held. */
  readonly repeats?: boolean;
  /** The browser's own event for its keys does it (copy, cut, paste need no permission then): they are shown, not
   * listened to, unless the reader gave others. */
  readonly native?: boolean;
}

const commands = new Map<string, Command>();

export function registerCommands(some: readonly Command[]): void {
  for (const command of some) {
    if (commands.has(command.id)) throw new Error(`two commands are called ${command.id}`);
    commands.set(command.id, command);
  }
}

export const allCommands = (): readonly Command[] => [...commands.values()];

export const commandOf = (id: string): Command | undefined => commands.get(id);

/** Run a command if it can be used now; says whether it did. */
export function runCommand(id: string, args?: unknown): boolean {
  const command = commands.get(id);
  if (!command || command.when?.() === false) return false;
  void command.run(args);
  return true;
}
