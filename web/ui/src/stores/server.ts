/** What the server told: node types, files by kind, whether it answers. */

import { create } from "zustand";
import type { Registry } from "~/core/types";

interface ServerState {
  readonly registry: Registry;
  /** Names of files by kind (`checkpoints`, `loras`, `input`, …), for the combos. */
  readonly files: Readonly<Record<string, readonly string[]>>;
  readonly connection: "connecting" | "open" | "lost";
  /** Node types and files are there. */
  readonly ready: boolean;
  /** Whether the worker answers: what asks it (tokens, memory) waits until it does. False: it starts, or nobody knows. */
  readonly worker: boolean;
}

export const useServer = create<ServerState>()(() => ({
  registry: {},
  files: {},
  connection: "connecting",
  ready: false,
  worker: false,
}));
