/** Questions about recordings, and the addresses of their pictures. */

import { BASE, del, getJson } from "~/api/http";
import { job as jobSchema, type Job } from "~/api/schema";
import { z } from "zod";
import { comparison, type Comparison, type JobRecording, recording, type Word, words } from "./schema";
import type { Spot, View } from "./store";

const of = (job: string): string => `/jobs/${encodeURIComponent(job)}`;

export const readRecording = (job: string): Promise<JobRecording> => getJson(`${of(job)}/recording`, recording);

export const readJob = (job: string): Promise<Job> => getJson(of(job), jobSchema);

export const compareJobs = async (before: string, after: string): Promise<Comparison> =>
  withoutAlike(await getJson(`${of(before)}/compare/${encodeURIComponent(after)}`, comparison));

/** Without inputs that read the same: 1 and 1.0 are told apart in files, and are one number here. */
export function withoutAlike(found: Comparison): Comparison {
  const parameters = found.parameters.filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.after));
  return { ...found, parameters, same: parameters.length + found.added.length + found.removed.length === 0 };
}

/** Which words a spot of the picture reads, the most read first.
 *
 * Args: picture: of the batch.
 */
export async function wordsAt(key: string, step: number, branch: string, { x, y }: Spot, picture = 0): Promise<Word[]> {
  const query = new URLSearchParams({ branch, x: x.toFixed(4), y: y.toFixed(4) });
  if (picture) query.set("picture", String(picture));
  return (await getJson(`${frame(key, step)}/words?${query}`, words)).words;
}

/** Remove every recording. */
export const forgetAll = (): Promise<unknown> => del("/recordings", z.unknown());

const frame = (key: string, step: number): string => `/recordings/${encodeURIComponent(key)}/${step}`;

/** Which picture of a sampler step. */
export interface Shot {
  readonly key: string;
  readonly step: number;
  readonly view: View;
  /** Pixels of the longest side. */
  readonly size: number;
  /** By the checkpoint's own VAE instead of quick colours. */
  readonly decoded?: boolean;
  /** Of the batch, counted from 0. */
  readonly picture?: number;
  /** Of attention: which prompt, and which of its tokens. */
  readonly branch?: string;
  readonly token?: number;
}

/** Where a picture of a sampler step is. */
export function shotUrl({ key, step, view, size, decoded, picture, branch, token }: Shot): string {
  const query = new URLSearchParams({ size: String(size) });
  if (decoded) query.set("decoded", "1");
  if (picture) query.set("picture", String(picture));
  if (view === "attention" && branch !== undefined) query.set("branch", branch);
  if (view === "attention" && token !== undefined) query.set("token", String(token));
  return `${BASE}${frame(key, step)}/${view}?${query}`;
}
