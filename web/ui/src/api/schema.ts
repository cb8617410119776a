/** The shapes of the server's answers that the editor uses, checked where they come in. Fields that are new are let
 * through unseen; integers beyond ±2^53 are decimal strings. */

import { z } from "zod";
import type { Json, JsonObject } from "~/core/types";

export const json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(json), z.record(z.string(), json)]),
);
/** Taken as it is: it was JSON when it came. */
export const object = z.custom<JsonObject>((v) => typeof v === "object" && v !== null && !Array.isArray(v));

export const problem = z.object({
  code: z.string(),
  severity: z.enum(["error", "warning"]),
  node: z.string().nullable(),
  input: z.string().nullable(),
  args: object,
  message: z.string(),
  mend: z.object({ kind: z.string(), args: object }).nullable(),
});

export const failure = z.object({
  error: z.object({ code: z.string(), message: z.string(), problems: z.array(problem).default([]) }),
});

export const STATES = ["queued", "held", "running", "success", "error", "cancelled", "parked"] as const;
export const jobState = z.enum(STATES);

/** A sentence with gaps and what stands in them (i18n/sentences.ts). */
export const telling = z.object({ sentence: z.string(), values: object });

/** Why a job failed. */
export const jobError = z
  .object({
    code: z.string(),
    message: z.string(),
    node: z.string(),
    node_type: z.string(),
    exception: z.string(),
    telling,
  })
  .partial();

export const job = z.object({
  id: z.string(),
  number: z.number(),
  state: jobState,
  client: z.string(),
  title: z.string(),
  created: z.number(),
  started: z.number().nullable(),
  ended: z.number().nullable(),
  interruptions: z.number(),
  error: jobError.nullable(),
  progress: z.record(z.string(), z.object({ done: z.number(), total: z.number() })),
  /** Something of it is recorded. */
  recorded: z.boolean().default(false),
});

export const jobs = z.object({ jobs: z.array(job), next: z.string().nullable() });

export const queue = z.object({
  paused: z.boolean(),
  counts: z.record(z.string(), z.number()),
  running: z.array(job),
  queued: z.array(job),
});

export const paused = z.object({ paused: z.boolean() });
export const done = z.object({ done: z.boolean() });

export const place = z.object({
  filename: z.string(),
  subfolder: z.string(),
  type: z.enum(["input", "output", "temp"]),
});

export const file = place.extend({ node: z.string(), field: z.string(), url: z.string() });

export const results = z.object({
  job: z.string(),
  state: jobState,
  files: z.array(file),
  shown: z.record(z.string(), object),
});

export const jobWorkflow = z.object({ source: z.unknown(), graph: object, targets: z.array(z.string()) });

export const picture = place.extend({
  name: z.string(),
  size: z.number(),
  modified: z.number(),
  url: z.string(),
  thumbnail: z.string().nullable(),
});

export const pictures = z.object({ images: z.array(picture), next: z.string().nullable() });

const range = z.object({ low: z.number(), typical: z.number(), high: z.number() });

export const step = z.object({
  node: z.string(),
  type: z.string(),
  title: z.string(),
  after: z.array(z.string()),
  cached: z.boolean().nullable(),
  why: z.object({ code: z.string(), args: object, text: z.string() }).nullable(),
  seconds: range.nullable(),
  facts: z.array(object),
});

export const memoryForecast = z.object({
  weights: z.array(z.object({ name: z.string(), part: z.string(), bytes: z.number() })),
  weight_bytes: z.number(),
  at_once: z.number(),
  workspace: z.number(),
  values: z.number(),
  budget: z.number().nullable(),
  fits: z.boolean().nullable(),
});

export const forecast = z.object({ time: range.extend({ unknown: z.array(z.string()) }), memory: memoryForecast });

export const checked = z.object({
  runs: z.boolean(),
  problems: z.array(problem),
  targets: z.array(z.string()),
  steps: z.array(step),
  explained: z.string(),
  forecast,
});

const whole = z.union([z.number(), z.string()]);

export const input = z.object({
  type: z.string(),
  required: z.boolean(),
  help: z.string(),
  default: json.exactOptional(),
  min: whole.exactOptional(),
  max: whole.exactOptional(),
  step: z.number().exactOptional(),
  /** false, as ComfyUI writes it, and 0: not rounded. */
  round: z.union([z.number(), z.literal(false).transform(() => 0)]).exactOptional(),
  options: z.array(z.string()).exactOptional(),
  file: z.string().exactOptional(),
  widget: z.object({ name: z.string() }).catchall(json).exactOptional(),
  lazy: z.boolean().exactOptional(),
  list: z.boolean().exactOptional(),
  label: z.string().exactOptional(),
});

export const nodeType = z.object({
  label: z.string(),
  category: z.string(),
  kind: z.enum(["pure", "sink", "volatile"]),
  help: z.string(),
  inputs: z.record(z.string(), input),
  outputs: z.record(z.string(), z.object({ type: z.string(), list: z.boolean(), help: z.string() })),
  module: z.string(),
});

export const nodeTypes = z.record(z.string(), nodeType);
export const counts = z.record(z.string(), z.number());
export const models = z.object({ models: z.array(z.object({ name: z.string() })), next: z.string().nullable() });

const use = z.object({ used: z.number(), budget: z.number(), count: z.number() });

export const memory = z.object({
  weights: z.array(
    z.object({
      name: z.string(),
      part: z.string(),
      bytes: z.number(),
      place: z.string(),
      holders: z.array(z.string()),
      seconds: z.number(),
    }),
  ),
  device: z.object({ name: z.string(), used: z.number(), bytes: z.number() }),
  results: use,
  process: z.object({ pid: z.number(), bytes: z.number() }),
  jobs: z.array(z.string()),
});

export const cache = z.object({ memory: use, disk: z.object({ used: z.number(), budget: z.number() }) });
export const freed = z.object({ weights: z.number().default(0), cache: z.number().default(0) });

const logged = { seq: z.number(), time: z.number(), job: z.string() };
const names = z.array(z.string()).default([]);

/** What happens. Events with a number are in the log and come again on a replay; the others are of the moment. */
export const event = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("JobQueued"), ...logged }),
  z.object({ kind: z.literal("JobStarted"), ...logged, nodes: names, cached: names }),
  z.object({ kind: z.literal("StepStarted"), ...logged, node: z.string() }),
  z.object({
    kind: z.literal("StepFinished"),
    ...logged,
    node: z.string(),
    seconds: z.number(),
    ui: object.default({}),
    cached: z.boolean().default(false),
    nbytes: z.number().default(0),
  }),
  z.object({
    kind: z.literal("StepFailed"),
    ...logged,
    node: z.string(),
    node_type: z.string(),
    message: z.string(),
    exception: z.string().default(""),
    telling: telling.nullable().default(null),
    spared: z.boolean().default(false),
  }),
  z.object({ kind: z.literal("Expanded"), ...logged, node: z.string(), nodes: names }),
  z.object({
    kind: z.literal("Warned"),
    ...logged,
    code: z.string(),
    message: z.string(),
    telling: telling.nullable().default(null),
  }),
  z.object({
    kind: z.literal("JobInterrupted"),
    ...logged,
    reason: z.string(),
    requeued: z.boolean(),
    message: z.string().default(""),
  }),
  z.object({ kind: z.literal("JobFinished"), ...logged, status: z.enum(["success", "error", "cancelled"]) }),
  z.object({
    kind: z.literal("Progress"),
    job: z.string(),
    node: z.string(),
    done: z.number(),
    total: z.number(),
  }),
  z.object({ kind: z.literal("Queue") }).catchall(z.number()),
  z.object({ kind: z.literal("Worker"), name: z.string(), state: z.string() }),
  z.object({ kind: z.literal("Paused"), paused: z.boolean() }),
  z.object({ kind: z.literal("Forgotten"), until: z.number() }),
]);

/** The head of a preview's frame. */
export const preview = z.object({
  kind: z.literal("Preview"),
  job: z.string(),
  node: z.string(),
  width: z.number(),
  height: z.number(),
  format: z.string(),
});

export type Job = z.infer<typeof job>;
export type JobState = z.infer<typeof jobState>;
export type JobError = z.infer<typeof jobError>;
export type Queue = z.infer<typeof queue>;
export type Picture = z.infer<typeof picture>;
export type Place = z.infer<typeof place>;
export type Results = z.infer<typeof results>;
export type Checked = z.infer<typeof checked>;
export type Forecast = z.infer<typeof forecast>;
export type MemoryReport = z.infer<typeof memory>;
export type CacheReport = z.infer<typeof cache>;
export type ServerEvent = z.infer<typeof event>;
export type PreviewHead = z.infer<typeof preview>;
