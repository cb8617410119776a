/** Jobs that are over, newest first, and what they made. */

import { del, getJson } from "~/api/http";
import { done, type Job, jobs as jobsSchema, results as resultsSchema, type Results } from "~/api/schema";

const ENDED = "success,error,cancelled,parked";
const PAGE = 30;

export const jobPage = (cursor: string | null): Promise<{ jobs: Job[]; next: string | null }> =>
  getJson(`/jobs?${new URLSearchParams({ state: ENDED, limit: String(PAGE), ...(cursor && { cursor }) })}`, jobsSchema);

const made = new Map<string, Promise<Results>>();
const MOST = 300;

/** What a job that is over made; asked for once. */
export function resultsOf(id: string): Promise<Results> {
  const known = made.get(id);
  if (known) return known;
  const asked = getJson(`/jobs/${encodeURIComponent(id)}/results`, resultsSchema);
  made.set(id, asked);
  asked.catch(() => made.delete(id));
  const oldest = made.keys().next().value;
  if (made.size > MOST && oldest !== undefined) made.delete(oldest);
  return asked;
}

/** Forget a job, its events and results; files that it made stay. */
export const forgetJob = (id: string): Promise<unknown> => del(`/jobs/${encodeURIComponent(id)}`, done);
