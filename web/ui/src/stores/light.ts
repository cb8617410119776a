/** What a watched run tells of words and spots, as prompts and pictures show it: which words a spot of a picture read,
 * and where in the picture a word was read. Prompts are named "full id/input", pictures by their node's full id. */

import { create } from "zustand";
import type { Lit } from "~/core/words";

/** A word's heat, to be laid over a picture. */
export interface Heat {
  /** The word. */
  readonly word: string;
  /** Pictures on nothing, one for each token of it. */
  readonly urls: readonly string[];
}

/** A spot of a picture, each from 0 to 1, and what was read there. */
export interface Read {
  readonly x: number;
  readonly y: number;
  /** The most read first; null while they are asked for. */
  readonly words: readonly { readonly text: string; readonly share: number }[] | null;
}

/** Of the run that is looked into: the sampler step, counted from 0, of how many, and which were watched. */
export interface LitStep {
  readonly step: number;
  readonly total: number;
  readonly steps: readonly number[];
}

interface LightState {
  /** Prompts whose words were watched. */
  readonly prompts: ReadonlySet<string>;
  /** Nodes that show pictures of watched runs, with the cells that a picture has across and down. */
  readonly pictures: Readonly<Record<string, readonly [number, number]>>;
  /** Lit words. */
  readonly words: Readonly<Record<string, readonly Lit[]>>;
  readonly heat: Readonly<Record<string, Heat>>;
  readonly spot: Readonly<Record<string, Read>>;
  readonly at: LitStep | null;
}

/** How a prompt is named. `prefix`: the full id of the instance around it, with a colon. */
export const promptKey = (prefix: string, node: string, input: string): string => `${prefix}${node}/${input}`;

export const DARK = { words: {}, heat: {}, spot: {} } satisfies Partial<LightState>;

export const useLight = create<LightState>()(() => ({ prompts: new Set(), pictures: {}, at: null, ...DARK }));
