/** The server's answers about files that the editor uses. */

import { z } from "zod";
import { object, problem } from "~/api/schema";

const missingType = z.object({
  type: z.string(),
  pack: z.string(),
  near: z.array(z.string()),
  nodes: z.array(z.string()),
});

const missingFile = z.object({
  kind: z.string(),
  name: z.string(),
  near: z.array(z.string()),
  url: z.string().nullable(),
  nodes: z.array(z.string()),
});

export const missing = z.object({ types: z.array(missingType), files: z.array(missingFile) });

export const opened = z.object({
  workflow: object,
  problems: z.array(problem),
  form: z.enum(["ours", "ui", "a1111"]),
  missing,
});

export const template = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  nodes: z.number(),
  models: z.array(z.object({ kind: z.string(), name: z.string(), missing: z.boolean() })).default([]),
  thumbnail: z.string().nullable().default(null),
  /** Its place among the lessons; null of a workflow that is none. */
  lesson: z.number().nullable().default(null),
});

export const templates = z.object({ workflows: z.array(template) });

/** A file of the user's, as /userdata tells it; times in milliseconds since 1970. */
export const stored = z.object({ path: z.string(), size: z.number(), modified: z.number(), created: z.number() });

export const version = z.object({ id: z.string(), modified: z.number(), size: z.number() });
export const versions = z.object({ versions: z.array(version) });

export type Missing = z.infer<typeof missing>;
export type Opened = z.infer<typeof opened>;
export type Template = z.infer<typeof template>;
export type Stored = z.infer<typeof stored>;
export type Version = z.infer<typeof version>;
