/** What the server tells of recordings, and of two jobs side by side. */

import { z } from "zod";
import { json, telling } from "~/api/schema";

const token = z.object({ text: z.string(), index: z.number() });

/** One run of a sampler; its frames are its sampler steps, counted from 0. */
export const run = z.object({
  node: z.string(),
  title: z.string(),
  type: z.string(),
  key: z.string(),
  sampler: z.string(),
  total: z.number(),
  /** The run failed or was cancelled behind its last frame. */
  partial: z.boolean().default(false),
  /** Cells of the latent. */
  width: z.number(),
  height: z.number(),
  /** In the batch. */
  pictures: z.number().default(1),
  frames: z.array(z.object({ step: z.number(), sigma: z.number(), fingerprint: z.string() })),
  branches: z.array(z.string()),
  attention: z
    .object({ steps: z.array(z.number()), tokens: z.record(z.string(), z.array(token)) })
    .nullable()
    .default(null),
});

export const recording = z.object({
  job: z.string(),
  bytes: z.number(),
  runs: z.array(run),
  /** Why something of it is not there, a sentence each. */
  warnings: z.array(z.string()).default([]),
  /** The warnings as sentences and their values. */
  tellings: z.array(telling.nullable()).default([]),
});

export const words = z.object({
  words: z.array(z.object({ text: z.string(), index: z.number(), weight: z.number() })),
});

const named = z.object({ node: z.string(), title: z.string(), type: z.string() });

export const KINDS = ["inputs", "output", "sampler_step", "environment"] as const;

export const comparison = z.object({
  same: z.boolean(),
  parameters: z.array(z.object({ node: z.string(), title: z.string(), input: z.string(), before: json, after: json })),
  added: z.array(named),
  removed: z.array(named),
  first: z
    .object({
      node: z.string(),
      title: z.string(),
      kind: z.enum(KINDS),
      step: z.number().nullable(),
      text: z.string(),
    })
    .nullable(),
  pictures: z.array(
    z.object({
      before: z.string(),
      after: z.string(),
      psnr: z.number().nullable(),
      equal: z.boolean(),
      difference: z.string().nullable(),
    }),
  ),
});

export type Run = z.infer<typeof run>;
export type Frame = Run["frames"][number];
export type Token = z.infer<typeof token>;
export type JobRecording = z.infer<typeof recording>;
export type Warnings = Pick<JobRecording, "warnings" | "tellings">;
export type Word = z.infer<typeof words>["words"][number];
export type Comparison = z.infer<typeof comparison>;
export type Parameter = Comparison["parameters"][number];
