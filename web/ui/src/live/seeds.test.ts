import { beforeEach, expect, it } from "vitest";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { moveSeeds, nextSeeds } from "./seeds";
import { docOf, node, registry } from "./testing";

const sampler = (control: string, seed: string | number, more = {}) =>
  node("KSampler", { seed, steps: 1 }, {}, { meta: { control: { seed: control } }, ...more });

beforeEach(() => void useServer.setState({ registry }));

it("#26 each seed moves as its control says, exactly beyond 2^53", () => {
  const doc = docOf({
    "1": sampler("increment", "9007199254740993"),
    "2": sampler("fixed", 5),
    "3": sampler("randomize", 5),
    "4": sampler("increment", 5, { mode: "mute" }),
    "5": node("KSampler", { seed: 1 }),
  });
  const steps = nextSeeds(doc, registry, () => 12345678901234567890n);
  expect(Object.fromEntries(steps.map((step) => [step.node, step.value]))).toEqual({
    "1": "9007199254740994",
    "3": "12345678901234567890",
  });
});

it("#26 one press of the button is one edit, however many runs it queues", () => {
  useDoc.getState().open(docOf({ "1": sampler("increment", 5) }));
  moveSeeds("run 1");
  moveSeeds("run 1");
  expect(useDoc.getState().doc.root.nodes["1"]?.values["seed"]).toBe(7);
  expect(useDoc.getState().past).toHaveLength(1);
  useDoc.getState().undo();
  expect(useDoc.getState().doc.root.nodes["1"]?.values["seed"]).toBe(5);
});

it("leaves no trace in the history where nothing moves", () => {
  useDoc.getState().open(docOf({ "1": sampler("fixed", 5) }));
  moveSeeds("run 1");
  expect(useDoc.getState().past).toHaveLength(0);
});
