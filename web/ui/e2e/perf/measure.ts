/** Frames a second and the main thread's work while something goes on in the page. */

import { appendFile } from "node:fs/promises";
import type { CDPSession, Page } from "@playwright/test";

export interface Frames {
  /** Frames a second, over the whole time. */
  readonly fps: number;
  /** Milliseconds of the main thread for each frame. */
  readonly main: number;
}

const DURATION = 1500;
const STEP = 16;

interface Counted {
  readonly frames: number;
  readonly ms: number;
}

/** Count frames while `act` is called again and again, some 60 times a second. */
export async function frames(page: Page, cdp: CDPSession, act: (n: number) => Promise<void>): Promise<Frames> {
  await page.evaluate(() => {
    const counter = { frames: 0, start: performance.now(), on: true };
    Object.assign(window, { counter });
    const tick = () => {
      counter.frames++;
      if (counter.on) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  // The thread's own time: what others do on the machine does not count.
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const before = await busy(cdp);
  const start = Date.now();
  for (let n = 0; Date.now() - start < DURATION; n++) {
    const next = start + n * STEP;
    if (next > Date.now()) await new Promise((done) => setTimeout(done, next - Date.now()));
    await act(n);
  }
  const { frames: count, ms } = await page.evaluate((): Counted => {
    const { counter } = window as unknown as { counter: { frames: number; start: number; on: boolean } };
    counter.on = false;
    return { frames: counter.frames, ms: performance.now() - counter.start };
  });
  const after = await busy(cdp);
  return { fps: (count / ms) * 1000, main: ((after - before) * 1000) / Math.max(1, count) };
}

/** Seconds that the main thread has worked. */
export async function busy(cdp: CDPSession): Promise<number> {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return metrics.find((m) => m.name === "TaskDuration")?.value ?? 0;
}

/** Bytes in use after a collection. */
export async function heap(cdp: CDPSession): Promise<number> {
  await cdp.send("HeapProfiler.collectGarbage");
  return (await cdp.send("Runtime.getHeapUsage")).usedSize;
}

export interface Line {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The most that it may be; the least with `least`; without it nothing is promised. */
  readonly limit?: number;
  readonly least?: boolean;
  /** What else is to be said of it. */
  readonly more?: string;
}

const wanted = ({ limit, least = false, more }: Line): string =>
  [limit === undefined ? "" : `${least ? "at least" : "at most"} ${limit}`, more ?? ""].filter(Boolean).join(", ");

/** A table on the standard output; the lines as JSON, one each, at the end of the file that PERF_REPORT names: after a
 * test that failed there is another process, and another table. */
export async function tell(lines: readonly Line[]): Promise<void> {
  const file = process.env["PERF_REPORT"];
  if (file) await appendFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const cells = lines.map((line) => [line.what, line.value.toFixed(line.value < 10 ? 2 : 0), line.unit, wanted(line)]);
  const widths = [0, 1, 2, 3].map((n) => Math.max(...cells.map((row) => row[n]?.length ?? 0)));
  for (const row of cells) {
    const [what = "", value = "", unit = "", limit = ""] = row;
    process.stdout.write(
      `${what.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)} ${unit.padEnd(widths[2] ?? 0)}  ${limit}\n`,
    );
  }
}
