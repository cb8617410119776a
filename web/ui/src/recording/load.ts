/** The recording of the job that is looked at, asked for when it may have changed. */

import { ApiError } from "~/api/http";
import { textOf } from "./complain";
import { readJob, readRecording } from "./client";
import type { JobRecording } from "./schema";
import { type Known, take, useRecording } from "./store";

let asked = 0;

/** Ask for a job's recording; an answer that comes after another question counts no more. */
export async function load(job: string | null): Promise<void> {
  const number = ++asked;
  if (job === null) return useRecording.setState({ known: { kind: "none" } });
  const { known } = useRecording.getState();
  if (known.kind !== "there" || known.recording.job !== job) useRecording.setState({ known: { kind: "reading" } });
  const found = await read(job);
  if (number !== asked) return;
  if (found.kind === "there") take(found.recording);
  else useRecording.setState({ known: found });
}

async function read(job: string): Promise<Known> {
  try {
    const found = await recordingOf(job);
    if (!found) return { kind: "none" };
    const some = found.runs.some((run) => run.frames.length > 0);
    return some
      ? { kind: "there", recording: found }
      : { kind: "none", warnings: found.warnings, tellings: found.tellings };
  } catch (error) {
    return { kind: "failed", text: textOf(error) };
  }
}

/** What is recorded of a job; null: nothing. Asked for only where there is one: a browser tells of every 404. */
export async function recordingOf(job: string): Promise<JobRecording | null> {
  const row = await readJob(job);
  if (!row.recorded) return null;
  try {
    return await readRecording(job);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** "positive.2" as the branch and which of its prompts it is, counted from 1. */
export function promptOf(name: string): { readonly branch: string; readonly number: number } {
  const found = /^(.+)\.(\d+)$/.exec(name);
  return found ? { branch: found[1] ?? name, number: Number(found[2]) } : { branch: name, number: 1 };
}
