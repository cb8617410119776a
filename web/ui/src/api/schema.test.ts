import { describe, expect, it } from "vitest";
import { readJson } from "~/formats/json";
import answersText from "./recorded/answers.json?raw";
import eventsText from "./recorded/events.json?raw";
import nodesText from "./recorded/nodes.json?raw";
import * as schema from "./schema";

const answers = readJson(answersText) as Record<string, unknown>;

describe("answers that a real server gave", () => {
  const shapes = {
    queue: schema.queue,
    jobs: schema.jobs,
    jobs_one_results: schema.results,
    jobs_one_workflow: schema.jobWorkflow,
    images: schema.pictures,
    memory: schema.memory,
    cache: schema.cache,
    models: schema.counts,
    models_checkpoints: schema.models,
    check: schema.checked,
    check_bad: schema.checked,
    refused: schema.failure,
  };
  it.each(Object.entries(shapes))("%s fits", (name, shape) => {
    expect(shape.safeParse(answers[name]).error?.issues).toBeUndefined();
  });

  it("node types fit, and keep a maximum of 64 bits", () => {
    const types = schema.nodeTypes.parse(readJson(nodesText));
    expect(types["KSampler"]?.inputs["seed"]?.max).toBe("18446744073709551615");
    expect(Object.keys(types["KSampler"]?.inputs ?? {})[0]).toBe("model");
  });

  it("every event fits, but previews, which come in frames of their own", () => {
    const events = readJson(eventsText) as { kind: string }[];
    for (const event of events) {
      const shape = event.kind === "Preview" ? schema.preview : schema.event;
      expect(shape.safeParse(event).error?.issues).toBeUndefined();
    }
    expect(new Set(events.map((event) => event.kind))).toContain("JobFinished");
  });

  it("tells what is wrong of what does not fit", () => {
    expect(schema.queue.safeParse({ paused: "no" }).success).toBe(false);
    expect(schema.event.safeParse({ kind: "Unheard" }).success).toBe(false);
  });
});
