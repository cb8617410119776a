/** How long nodes are likely to take, to tell how much of a run is done. */

import { graphOf, typeOf } from "~/core/document";
import type { NodeType } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { spotOf } from "./place";

/** Seconds that are taken for a sampler and for any other node before any has run here. */
const SAMPLER = 8;
const OTHER = 0.5;

/** A sampler takes a model or a guider, and gives a latent. */
const isSampler = (type: NodeType): boolean =>
  type.outputs.some((output) => output.type === "LATENT") &&
  Object.values(type.inputs).some((input) => input.type === "MODEL" || input.type === "GUIDER");

function guess(id: string): number {
  const { doc } = useDoc.getState();
  const spot = spotOf(doc, id);
  const node = spot && graphOf(doc, spot.scope).nodes[spot.node];
  return node && isSampler(typeOf(doc, useServer.getState().registry, node)) ? SAMPLER : OTHER;
}

/** Seconds by node, as far as the latest check forecasts them. */
export function foreseenSeconds(ids: readonly string[]): Record<string, number> {
  const { foreseen } = useRun.getState();
  const known = ids.map((id) => [id, foreseen[id]?.seconds?.typical] as const);
  return Object.fromEntries(known.filter((pair): pair is [string, number] => pair[1] !== undefined));
}

/** The same; guesses where nothing has run here yet, good enough to draw a bar. */
export function weightsOf(ids: readonly string[]): Record<string, number> {
  const known = foreseenSeconds(ids);
  return Object.keys(known).length ? known : Object.fromEntries(ids.map((id) => [id, guess(id)]));
}
