/** Requests to the server under /api/v1. An answer is checked against its shape before anybody sees it; a refusal
 * becomes an ApiError with the server's one sentence. */

import type { z } from "zod";
import type { Json } from "~/core/types";
import { readJson, writeJson } from "~/formats/json";
import type { Problem } from "~/stores/run";
import { failure } from "./schema";

export const BASE = "/api/v1";

/** Why a request failed. Status 0: the server was not reached. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly problems: readonly Problem[] = [],
  ) {
    super(message);
  }
}

interface Options {
  readonly signal?: AbortSignal;
}

export const getJson = <T>(path: string, schema: z.ZodType<T>, options: Options = {}): Promise<T> =>
  asked("GET", path, schema, undefined, options);

export const postJson = <T>(
  path: string,
  body: Json | undefined,
  schema: z.ZodType<T>,
  options: Options = {},
): Promise<T> => asked("POST", path, schema, body, options);

export const del = <T>(path: string, schema: z.ZodType<T>, options: Options = {}): Promise<T> =>
  asked("DELETE", path, schema, undefined, options);

async function asked<T>(
  method: string,
  path: string,
  schema: z.ZodType<T>,
  body: Json | undefined,
  options: Options,
): Promise<T> {
  const sent = body === undefined ? {} : { body: writeJson(body), headers: { "Content-Type": "application/json" } };
  const text = await textOf(await reached(() => fetch(BASE + path, { method, ...sent, ...options })));
  return fitting(path, schema, text);
}

/** The text of a good answer; raises ApiError with the sentence of a bad one. */
async function textOf(response: Response): Promise<string> {
  const text = await reached(() => response.text());
  if (response.ok) return text;
  const told = failure.safeParse(parsed(text));
  if (!told.success) throw new ApiError(response.status, "http", `${response.status} ${response.statusText}`.trim());
  const { code, message, problems } = told.data.error;
  throw new ApiError(response.status, code, message, problems);
}

async function reached<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", error instanceof Error ? error.message : String(error));
  }
}

function parsed(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

function fitting<T>(path: string, schema: z.ZodType<T>, text: string): T {
  const read = schema.safeParse(parsed(text));
  if (read.success) return read.data;
  const first = read.error.issues[0];
  const where = first ? ` at ${first.path.join(".") || "the top"}: ${first.message}` : "";
  throw new ApiError(200, "unexpected_answer", `The answer to ${path} does not fit${where}.`);
}
