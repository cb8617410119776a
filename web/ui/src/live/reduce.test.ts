import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { event as eventSchema, type ServerEvent } from "~/api/schema";
import eventsText from "~/api/recorded/events.json?raw";
import { OVER, reduced, shareDone, viewOf } from "./reduce";

const recorded = JSON.parse(eventsText) as { kind: string; job?: string }[];

const eventsOf = (job: string): ServerEvent[] =>
  recorded.filter((told) => told.kind !== "Preview" && told.job === job).map((told) => eventSchema.parse(told));

const replayed = (id: string, events: readonly ServerEvent[]) =>
  events.reduce((view, event, n) => reduced(view, event, 1000 + 50 * n), viewOf(id));

const node = fc.constantFrom("1", "2", "3");

/** Events of one job in the order of their numbers, as wild as they may be. */
const events: fc.Arbitrary<ServerEvent[]> = fc
  .array(
    fc.oneof(
      fc.constant({ kind: "JobQueued" as const }),
      fc.record({ kind: fc.constant("JobStarted" as const), nodes: fc.array(node), cached: fc.array(node) }),
      fc.record({ kind: fc.constant("StepStarted" as const), node }),
      fc.record({
        kind: fc.constant("StepFinished" as const),
        node,
        seconds: fc.double({ min: 0, max: 9, noNaN: true }),
        ui: fc.constantFrom({}, { images: [] }),
        cached: fc.boolean(),
        nbytes: fc.nat(1e6),
      }),
      fc.record({
        kind: fc.constant("StepFailed" as const),
        node,
        node_type: fc.constant("KSampler"),
        message: fc.constant("no memory"),
        exception: fc.constant("MemoryError"),
      }),
      fc.record({
        kind: fc.constant("JobInterrupted" as const),
        reason: fc.constant("server_died"),
        requeued: fc.boolean(),
        message: fc.constant(""),
      }),
      fc.record({
        kind: fc.constant("JobFinished" as const),
        status: fc.constantFrom("success" as const, "error" as const, "cancelled" as const),
      }),
    ),
    { maxLength: 30 },
  )
  .map((list) => list.map((told, n) => ({ ...told, job: "j", seq: n + 1, time: n }) as ServerEvent));

describe("a job from its events", () => {
  it("#22 tells a run as it was recorded", () => {
    const view = replayed("r3", eventsOf("r3"));
    expect(view.state).toBe("success");
    expect(view.nodes["5"]).toMatchObject({ state: "done" });
    expect(view.nodes["5"]?.seconds).toBeGreaterThan(0);
    expect(view.nodes["4"]).toEqual({ state: "cached" });
    expect(view.nodes["7"]?.shown).toHaveProperty("images");
  });

  it("#22 counts sampler steps and their rate while a node runs", () => {
    const all = eventsOf("r3");
    const until = all.findIndex((event) => event.kind === "StepFinished" && event.node === "5");
    const run = replayed("r3", all.slice(0, until)).nodes["5"];
    expect(run).toMatchObject({ state: "running", done: 6, total: 6 });
    expect(run?.rate).toBeCloseTo(20);
  });

  it("#35 marks what was found as cached, with what it shows", () => {
    expect(replayed("r2", eventsOf("r2")).nodes).toMatchObject({ "7": { state: "cached", shown: expect.anything() } });
  });

  it("calls no node failed where what needs it is made without it", () => {
    const told = { job: "j", time: 0, node: "8.x1.5", node_type: "KSampler", message: "no", exception: "" };
    const of = (spared: boolean) =>
      replayed("j", [
        { kind: "StepFailed", ...told, seq: 1, telling: null, spared },
        { kind: "JobFinished", job: "j", time: 0, seq: 2, status: "success" },
      ]).nodes["8.x1.5"];
    expect(of(true)).toEqual({ state: "stopped" });
    expect(of(false)).toMatchObject({ state: "error", error: "no" });
  });

  it("stops what ran when it is cancelled", () => {
    const view = replayed("r4", eventsOf("r4"));
    expect(view.state).toBe("cancelled");
    expect(view.nodes["5"]).toEqual({ state: "stopped" });
  });

  it("is the same however often and in whatever pieces it is replayed", () => {
    fc.assert(
      fc.property(events, fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 5 }), (all, pieces) => {
        const whole = replayed("j", all);
        let view = viewOf("j");
        // Each piece begins where the view ends or before it, as a replay after a lost connection does.
        for (const [back, more] of pieces) {
          const from = Math.max(0, view.seq - back);
          for (const event of all.slice(from, from + more)) view = reduced(view, event, 0);
        }
        for (const event of all) view = reduced(view, event, 0);
        expect(view).toEqual(whole);
      }),
    );
  });

  it("never leaves a node running or waiting in a job that is over", () => {
    fc.assert(
      fc.property(events, (all) => {
        const end: ServerEvent = { kind: "JobFinished", job: "j", seq: 1000, time: 9, status: "cancelled" };
        const view = replayed("j", [...all, end]);
        expect(Object.values(view.nodes).map((run) => run.state)).not.toContain("running");
        expect(Object.values(view.nodes).map((run) => run.state)).not.toContain("waiting");
      }),
    );
  });

  it("does not touch what it was given, nor what is of other jobs", () => {
    const view = Object.freeze(viewOf("other"));
    expect(eventsOf("r3").reduce((v, event) => reduced(v, event, 0), view)).toBe(view);
  });

  it("begins anew when a restarted server runs it again", () => {
    const all = eventsOf("r3");
    const half = all.slice(0, 4);
    const died: ServerEvent = {
      kind: "JobInterrupted",
      job: "r3",
      seq: 900,
      time: 1,
      reason: "server_died",
      requeued: true,
      message: "",
    };
    const again: ServerEvent = { kind: "JobStarted", job: "r3", seq: 901, time: 2, nodes: ["5", "6", "7"], cached: [] };
    const waits = [...half, died].reduce((v, event) => reduced(v, event, 0), viewOf("r3"));
    expect(waits.state).toBe("queued");
    const runs = reduced(waits, again, 0);
    expect(runs.state).toBe("running");
    expect(runs.nodes["5"]).toEqual({ state: "waiting" });
  });
});

describe("the share that is done", () => {
  it("stays between 0 and 1, and is 1 at the end", () => {
    fc.assert(
      fc.property(events, fc.dictionary(node, fc.double({ min: 0, max: 100, noNaN: true })), (all, weights) => {
        const view = replayed("j", all);
        const share = shareDone(view, weights);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
        if (OVER.has(view.state)) expect(share).toBe(1);
      }),
    );
  });

  it("counts steps by the time that they are likely to take", () => {
    const started = reduced(
      viewOf("j"),
      { kind: "JobStarted", job: "j", seq: 1, time: 0, nodes: ["1", "2"], cached: ["3"] },
      0,
    );
    const done = reduced(
      started,
      { kind: "StepFinished", job: "j", seq: 2, time: 0, node: "1", seconds: 1, ui: {}, cached: false, nbytes: 0 },
      0,
    );
    expect(shareDone(done, { "1": 9, "2": 1 })).toBeCloseTo(0.9);
    expect(shareDone(done, {})).toBeCloseTo(0.5);
  });
});
