/** How many tokens a prompt has, as the server's own tokenizer cuts it. */

import { useEffect, useState } from "react";
import { z } from "zod";
import { postJson } from "~/api/http";
import { useServer } from "~/stores/server";
import { HOLDERS } from "./encoder";

/** Tokens of a chunk. */
export const CHUNK = 75;
/** Milliseconds without a key stroke before the server is asked. */
const PAUSE = 300;
const KEPT = 60;

const answer = z.object({ tokens: z.array(z.object({ chunk: z.number() })), chunks: z.number() });

/** Tokens of each chunk. */
export type Counted = readonly number[];

export function countOf({ tokens, chunks }: z.infer<typeof answer>): Counted {
  const counts = Array.from({ length: Math.max(1, chunks) }, () => 0);
  for (const { chunk } of tokens) counts[chunk] = (counts[chunk] ?? 0) + 1;
  return counts;
}

const known = new Map<string, Counted>();

function remember(key: string, counted: Counted): Counted {
  known.set(key, counted);
  for (const oldest of [...known.keys()].slice(0, known.size - KEPT)) known.delete(oldest);
  return counted;
}

async function ask(text: string, clip: string, signal: AbortSignal): Promise<Counted> {
  return countOf(await postJson("/tokens", { text, clip }, answer, { signal }));
}

/** Whether the server has a file to read the encoder from; "" leaves the choice to it. */
const isThere = (files: Readonly<Record<string, readonly string[]>>, clip: string): boolean =>
  clip === "" || [...HOLDERS].some((kind) => files[kind]?.includes(clip));

/** The count for a text; the last one while the next is on its way, none while `wanted` is null, its file is missing or
 * the server cannot tell. A text that is typed on is not asked for, and an answer that comes too late is not shown. */
export function useTokens(text: string, wanted: string | null): Counted | null {
  const clip = useServer((s) => (wanted !== null && isThere(s.files, wanted) ? wanted : null));
  const [latest, setLatest] = useState<Counted | null>(null);
  const worker = useServer((s) => s.worker);
  const key = `${clip}\n${text}`;
  useEffect(() => {
    if (clip === null || !worker || known.has(key)) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      ask(text, clip, stop.signal).then(
        (counts) => setLatest(remember(key, counts)),
        () => stop.signal.aborted || setLatest(null),
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key, text, clip, worker]);
  return clip === null ? null : (known.get(key) ?? latest);
}
