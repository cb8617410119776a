import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FIRST_WAIT, LONGEST_WAIT, openFeed, pauseBefore, readFrame, readStream } from "./socket";

const frame = (head: object, picture: Uint8Array): ArrayBuffer => {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(4 + text.length + picture.length);
  new DataView(bytes.buffer).setUint32(0, text.length);
  bytes.set(text, 4);
  bytes.set(picture, 4 + text.length);
  return bytes.buffer;
};
const HEAD = { kind: "Preview", job: "j", node: "5", width: 64, height: 32, format: "jpeg" };

describe("a preview's frame", () => {
  it("gives back head and picture", async () => {
    const read = readFrame(frame(HEAD, new Uint8Array([1, 2, 3])));
    expect(read?.head).toEqual(HEAD);
    expect(read?.picture.type).toBe("image/jpeg");
    expect([...new Uint8Array((await read?.picture.arrayBuffer()) ?? new ArrayBuffer())]).toEqual([1, 2, 3]);
  });

  it("is null for any other bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(readFrame(bytes.slice().buffer)).toBeNull();
      }),
    );
  });
});

it("waits longer with each try, within limits", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const pause = pauseBefore(attempt, chance);
      expect(pause).toBeGreaterThanOrEqual(FIRST_WAIT * 0.75);
      expect(pause).toBeLessThanOrEqual(LONGEST_WAIT * 1.25);
      expect(pauseBefore(attempt + 1, chance)).toBeGreaterThanOrEqual(pause);
    }),
  );
});

it("reads a stream of server-sent events, without those it does not know", () => {
  const told = { kind: "JobQueued", seq: 3, time: 1, job: "j" };
  const text = `retry: 1000\n\nid: 3\ndata: ${JSON.stringify(told)}\n\n: beat\n\ndata: {"kind":"News"}\n\ndata: {"ki\n\n`;
  expect(readStream(text)).toEqual([told]);
});

class FakeSocket extends EventTarget {
  static made: FakeSocket[] = [];
  binaryType = "";
  constructor(readonly url: string) {
    super();
    FakeSocket.made.push(this);
  }
  say(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }
  close(): void {
    this.dispatchEvent(new Event("close"));
  }
}

const open = () => {
  const events: unknown[] = [];
  const states: string[] = [];
  const listener = {
    event: (event: unknown) => void events.push(event),
    preview: () => {},
    connection: (state: string) => void states.push(state),
  };
  const feed = openFeed(listener, (url) => new FakeSocket(url) as unknown as WebSocket);
  return { events, states, feed };
};
const last = () => FakeSocket.made.at(-1);

describe("the feed", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.made = [];
  });
  afterEach(() => void vi.useRealTimers());

  it("comes back after the last number that it knew", () => {
    const { states, feed } = open();
    expect(last()?.url).not.toContain("after");
    last()?.dispatchEvent(new Event("open"));
    last()?.say('{"kind":"JobQueued","seq":41,"time":1,"job":"j"}');
    last()?.close();
    expect(states).toEqual(["connecting", "open", "lost"]);
    vi.advanceTimersByTime(2 * FIRST_WAIT);
    expect(FakeSocket.made).toHaveLength(2);
    expect(last()?.url).toContain("after=41");
    feed.close();
  });

  it("tries at once when it is told to, and no more when it is closed", () => {
    const { feed } = open();
    last()?.close();
    feed.retry();
    expect(FakeSocket.made).toHaveLength(2);
    feed.close();
    vi.advanceTimersByTime(10 * LONGEST_WAIT);
    expect(FakeSocket.made).toHaveLength(2);
  });
});
