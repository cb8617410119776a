import { describe, expect, test } from "vitest";
import { type Heard, PAUSE, saying } from "./announce";

const none: Heard = { job: null, state: null, running: null, pictures: 0, error: null };
const queued: Heard = { ...none, job: "a", state: "queued" };
const running = (done: number): Heard => ({
  ...none,
  job: "a",
  state: "running",
  running: { name: "Sampler", done, total: 20 },
});

describe("#20 what a run tells a listener", () => {
  test("that it waits and that it began, each once", () => {
    expect(saying(none, queued, 0)).toEqual({ key: "queued" });
    expect(saying(queued, running(0), 0)).toEqual({ key: "started" });
    expect(saying(running(0), running(0), 99 * PAUSE)).toBeNull();
  });

  test("steps now and then, not each", () => {
    expect(saying(running(1), running(2), PAUSE - 1)).toBeNull();
    expect(saying(running(1), running(2), PAUSE)).toEqual({
      key: "step",
      args: { name: "Sampler", done: 2, total: 20 },
    });
  });

  test("how many pictures there are, at once", () => {
    const after: Heard = { ...running(20), running: null, state: "success", pictures: 2 };
    expect(saying(running(20), after, 0)).toEqual({ key: "success", args: { count: 2 } });
  });

  test("which node failed, and why", () => {
    const error = { name: "Sampler", text: "out of memory" };
    expect(saying(running(3), { ...running(3), state: "error", error }, 0)).toEqual({ key: "error", args: error });
  });

  test("nothing of a job that was over when its tab came to the front", () => {
    expect(saying(none, { ...none, job: "old", state: "success", pictures: 1 }, PAUSE)).toBeNull();
  });
});
