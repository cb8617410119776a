/** The server's events over one websocket that comes back by itself and goes on after the last number it knew. */

import { readJson } from "~/formats/json";
import { BASE } from "./http";
import { event, preview, type PreviewHead, type ServerEvent } from "./schema";

export type Connection = "connecting" | "open" | "lost";

export interface Listener {
  event(event: ServerEvent): void;
  preview(head: PreviewHead, picture: Blob): void;
  connection(state: Connection): void;
}

export interface Feed {
  /** Try at once, when it is waiting for its next try. */
  retry(): void;
  /** Forget the last number: the next connection tells what happens from then on. */
  forget(): void;
  close(): void;
}

/** Milliseconds before the first try to come back, and the longest. */
export const FIRST_WAIT = 300;
export const LONGEST_WAIT = 5000;

/** The pause before the nth try (0: the first): doubling, with a part by chance so that tabs do not come at once. */
export const pauseBefore = (attempt: number, chance: number): number =>
  Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt) * (0.75 + chance / 2);

/** A frame of a preview: four bytes of length (big-endian), JSON, the picture. Null: it is something else. */
export function readFrame(data: ArrayBuffer): { head: PreviewHead; picture: Blob } | null {
  if (data.byteLength < 4) return null;
  const length = new DataView(data).getUint32(0);
  if (4 + length > data.byteLength) return null;
  const head = preview.safeParse(safely(new TextDecoder().decode(new Uint8Array(data, 4, length))));
  if (!head.success) return null;
  return { head: head.data, picture: new Blob([data.slice(4 + length)], { type: `image/${head.data.format}` }) };
}

/** An event of a text message; null: a kind that is not known here. */
export function readEvent(text: string): ServerEvent | null {
  const read = event.safeParse(safely(text));
  return read.success ? read.data : null;
}

function safely(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

/** Listen until closed. */
export function openFeed(listener: Listener, make: (url: string) => WebSocket = (url) => new WebSocket(url)): Feed {
  let last: number | null = null;
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let socket: WebSocket | null = null;
  let closed = false;

  const told = (data: unknown) => {
    if (data instanceof ArrayBuffer) {
      const frame = readFrame(data);
      if (frame) listener.preview(frame.head, frame.picture);
      return;
    }
    const read = typeof data === "string" ? readEvent(data) : null;
    if (!read) return;
    if ("seq" in read && typeof read.seq === "number") last = Math.max(last ?? 0, read.seq);
    listener.event(read);
  };

  const connect = () => {
    timer = undefined;
    const after = last === null ? "" : `&after=${last}`;
    const opened = make(`${location.origin.replace(/^http/, "ws")}${BASE}/socket?previews=1${after}`);
    socket = opened;
    opened.binaryType = "arraybuffer";
    opened.addEventListener("open", () => {
      attempt = 0;
      listener.connection("open");
    });
    opened.addEventListener("message", (message) => told(message.data));
    opened.addEventListener("close", () => {
      if (closed || socket !== opened) return;
      socket = null;
      listener.connection("lost");
      timer = setTimeout(connect, pauseBefore(attempt++, Math.random()));
    });
  };

  listener.connection("connecting");
  connect();
  return {
    retry() {
      if (timer === undefined) return;
      clearTimeout(timer);
      connect();
    },
    forget() {
      last = null;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      socket?.close();
    },
  };
}

/** The events of one job that are in the log after a number, in order; those of the moment for what runs now too. */
export async function recorded(job: string, after: number, signal?: AbortSignal): Promise<ServerEvent[]> {
  const query = new URLSearchParams({ after: String(after), job, follow: "0" });
  const response = await fetch(`${BASE}/events?${query}`, signal ? { signal } : {});
  if (!response.ok || response.status === 204) return [];
  return readStream(await response.text());
}

/** The events of a whole stream of server-sent messages. */
export function readStream(text: string): ServerEvent[] {
  const events = text.split("\n").filter((line) => line.startsWith("data: "));
  return events.map((line) => readEvent(line.slice(6))).filter((read) => read !== null);
}
