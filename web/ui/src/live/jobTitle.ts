import type { TFunction } from "i18next";
import type { Job } from "~/api/schema";

/** What a job is called: its workflow's title, else its number in the queue. */
export const jobTitle = (job: Job, t: TFunction<"live">): string =>
  job.title || t("queue.untitled", { n: Math.abs(Math.trunc(job.number)) });
