/** Which packs there are, and how each fares. */

import { create } from "zustand";
import { useUi } from "~/stores/ui";

export interface PackState {
  /** As its folder is called. */
  readonly name: string;
  readonly nodes: number;
  /** "server": it was left out when the server started. "off": its part of the editor failed and is switched off. */
  readonly state: "on" | "off" | "server";
  /** Why it is not on. */
  readonly why?: string;
  /** Whether it adds to the editor. */
  readonly editor: boolean;
}

export const usePacks = create<{ readonly packs: Readonly<Record<string, PackState>> }>()(() => ({ packs: {} }));

export const setPack = (address: string, pack: PackState): void =>
  usePacks.setState((s) => ({ packs: { ...s.packs, [address]: pack } }));

export const isOn = (address: string): boolean => usePacks.getState().packs[address]?.state === "on";

/** A pack's part of the editor failed: it is named, and nothing of it is called again. */
export function switchOff(address: string, error: unknown): void {
  const pack = usePacks.getState().packs[address];
  if (!pack || pack.state !== "on") return;
  const why = error instanceof Error ? error.message : String(error);
  setPack(address, { ...pack, state: "off", why });
  useUi.getState().toast("error", { key: "packs:off", args: { name: pack.name, why } });
}
