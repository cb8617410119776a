/** Pictures of sampler steps as they are looked at: one stays until the next is there, and neighbours are fetched before
 * they are asked for. */

import { useEffect, useRef, useState } from "react";
import type { Shot } from "./client";
import { shotUrl } from "./client";
import type { Run } from "./schema";

interface Shown {
  /** Of the picture that is there; null: none yet. */
  readonly url: string | null;
  /** Another one is on its way. */
  readonly busy: boolean;
  /** The one that was asked for cannot be had. */
  readonly failed: boolean;
}

/** The picture at an address, and until it is there the one before it. */
export function useShot(url: string): Shown {
  const [shown, setShown] = useState<{ url: string | null; asked: string; failed: boolean }>({
    url: null,
    asked: "",
    failed: false,
  });
  useEffect(() => {
    let gone = false;
    const image = new Image();
    image.addEventListener("load", () => !gone && setShown({ url, asked: url, failed: false }));
    image.addEventListener("error", () => !gone && setShown((s) => ({ ...s, asked: url, failed: true })));
    image.src = url;
    return () => void (gone = true);
  }, [url]);
  return { url: shown.url, busy: shown.asked !== url, failed: shown.asked === url && shown.failed };
}

/** Frames that are fetched ahead, to either side. */
const AHEAD = 4;

/** Have the pictures around a frame ready. */
export function useAhead(run: Run, index: number, shot: Omit<Shot, "step">): void {
  const kept = useRef<HTMLImageElement[]>([]);
  const key = JSON.stringify(shot);
  useEffect(() => {
    if (shot.decoded || shot.view === "attention") return undefined;
    const timer = setTimeout(() => {
      const near = run.frames.slice(Math.max(0, index - AHEAD), index + AHEAD + 1);
      kept.current = near.map(({ step }) => {
        const image = new Image();
        image.src = shotUrl({ ...shot, step });
        return image;
      });
    }, 60);
    return () => clearTimeout(timer);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the shot is compared by its value
  }, [run, index, key]);
}
