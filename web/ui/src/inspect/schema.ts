/** What the server tells of a value: views, each drawn in one way. A kind that is not known here is left out. */

import { z } from "zod";

const picture = z.object({
  kind: z.literal("picture"),
  /** Base64. */
  png: z.string(),
  width: z.number(),
  height: z.number(),
  title: z.string().default(""),
});
const table = z.object({
  kind: z.literal("table"),
  rows: z.array(z.tuple([z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])])),
});
const token = z.object({ id: z.number(), text: z.string(), weight: z.number(), chunk: z.number() });
const tokens = z.object({ kind: z.literal("tokens"), tokens: z.array(token) });
const curve = z.object({
  kind: z.literal("curve"),
  x: z.array(z.number()),
  y: z.array(z.number()),
  x_name: z.string(),
  y_name: z.string(),
});
const text = z.object({ kind: z.literal("text"), text: z.string() });

const known = z.discriminatedUnion("kind", [picture, table, tokens, curve, text]);
const views = z.array(z.unknown()).transform((all) =>
  all.flatMap((one): z.infer<typeof known>[] => {
    const read = known.safeParse(one);
    return read.success ? [read.data] : [];
  }),
);

export const valueAnswer = z.object({
  state: z.enum(["kept", "missing"]),
  type: z.string(),
  /** Made anew in each run, and kept of the latest alone. */
  volatile: z.boolean().default(false),
  /** Of the job, and the workflow has changed since. */
  stale: z.boolean().default(false),
  /** What it took to make. */
  seconds: z.number().optional(),
  views: views.default([]),
});

export type ValueAnswer = z.infer<typeof valueAnswer>;
export type View = z.infer<typeof known>;
export type PictureView = z.infer<typeof picture>;
export type TableView = z.infer<typeof table>;
export type TokensView = z.infer<typeof tokens>;
export type CurveView = z.infer<typeof curve>;
