/** Object URLs of previews: at most ten a second for each node, the one before kept until the next is drawn, and none
 * left behind. */

import type { PreviewHead } from "~/api/schema";

/** Milliseconds between two previews of one node. */
export const PAUSE = 100;

interface Shown {
  url: string;
  before: string | null;
  at: number;
  waiting: { head: PreviewHead; picture: Blob } | null;
  timer: ReturnType<typeof setTimeout> | undefined;
}

type Show = (head: PreviewHead, url: string) => void;

/** Previews by job and node; `show` is called with each that is to be seen. */
export class Previews {
  readonly #shown = new Map<string, Shown>();

  constructor(private readonly show: Show) {}

  take(head: PreviewHead, picture: Blob): void {
    const key = `${head.job} ${head.node}`;
    const known = this.#shown.get(key);
    const wait = known ? known.at + PAUSE - Date.now() : 0;
    if (!known || wait <= 0) return this.#next(key, head, picture);
    known.waiting = { head, picture };
    known.timer ??= setTimeout(() => {
      known.timer = undefined;
      const { waiting } = known;
      if (waiting && this.#shown.get(key) === known) this.#next(key, waiting.head, waiting.picture);
    }, wait);
  }

  #next(key: string, head: PreviewHead, picture: Blob): void {
    const known = this.#shown.get(key);
    if (known?.before) URL.revokeObjectURL(known.before);
    const url = URL.createObjectURL(picture);
    this.#shown.set(key, { url, before: known?.url ?? null, at: Date.now(), waiting: null, timer: undefined });
    this.show(head, url);
  }

  /** A node of a job has no preview any more; without a node, all of the job. Its URLs end after `delay` ms. */
  drop(job: string, node?: string, delay = 0): void {
    for (const [key, shown] of this.#shown) {
      if (node === undefined ? !key.startsWith(`${job} `) : key !== `${job} ${node}`) continue;
      clearTimeout(shown.timer);
      this.#shown.delete(key);
      const revoke = () => {
        for (const url of [shown.url, shown.before]) if (url) URL.revokeObjectURL(url);
      };
      if (delay) setTimeout(revoke, delay);
      else revoke();
    }
  }

  get size(): number {
    return this.#shown.size;
  }
}
