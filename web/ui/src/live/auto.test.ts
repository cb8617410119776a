import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { frontTab, tabOf, updateTab, useTabs } from "~/stores/tabs";
import type { Doc } from "~/core/types";
import { jobOver, PAUSE, watchChanges } from "./auto";
import { type JobView, viewOf } from "./reduce";
import { useLive } from "./state";
import { docOf, node } from "./testing";

const told = vi.hoisted(() => ({ runs: 0, during: (): boolean => true, views: new Map<string, unknown>() }));
vi.mock("./run", () => ({ run: async () => (told.runs++, told.during()) }));
vi.mock("./feed", () => ({ jobView: (id: string) => told.views.get(id) }));

const steps = (n: number, pos: readonly [number, number] = [0, 0]): Doc =>
  docOf({ "1": node("KSampler", { steps: n }, {}, { pos }) });
const edit = (doc: Doc) => useDoc.setState({ doc });
const view = (change: Partial<JobView>): JobView => ({ ...viewOf("j"), ...change });
const rest = () => vi.advanceTimersByTimeAsync(PAUSE * 3);

let stop = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(told, { runs: 0, during: () => true });
  told.views.clear();
  const tab = tabOf(steps(1));
  useTabs.setState({ tabs: [tab], front: tab.id });
  useRun.setState(useRun.getInitialState(), true);
  useLive.setState(useLive.getInitialState(), true);
  edit(steps(1));
  stop = watchChanges();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

test("#35 where each change runs, several at once run once, and moving a node does not", async () => {
  useLive.setState({ mode: "change" });
  edit(steps(2));
  await vi.advanceTimersByTimeAsync(PAUSE / 2);
  edit(steps(3));
  await rest();
  expect(told.runs).toBe(1);
  edit(steps(3, [90, 90]));
  await rest();
  expect(told.runs).toBe(1);
});

test("#35 without that, and where it cannot run, nothing begins by itself", async () => {
  edit(steps(2));
  await rest();
  useLive.setState({ mode: "change" });
  useRun.setState({ runs: false });
  edit(steps(3));
  await rest();
  expect(told.runs).toBe(0);
});

test("#35 what is changed while a run is on its way runs after it", async () => {
  useLive.setState({ mode: "change" });
  told.during = () => {
    edit(steps(9));
    told.during = () => true;
    return false;
  };
  edit(steps(2));
  await rest();
  expect(told.runs).toBe(2);
});

test("#35 a change during a job waits for its end", async () => {
  useLive.setState({ mode: "change" });
  told.views.set("j", view({ state: "running" }));
  updateTab(frontTab()?.id ?? "", { job: "j" });
  edit(steps(2));
  await rest();
  expect(told.runs).toBe(0);
  told.views.set("j", view({ state: "success" }));
  jobOver("j", "success");
  await rest();
  expect(told.runs).toBe(1);
});

test("#35 runs without end go on while they make something new, and stop at a failure", async () => {
  useLive.setState({ mode: "instant" });
  updateTab(frontTab()?.id ?? "", { job: "j" });
  told.views.set("j", view({ state: "success", nodes: { "1": { state: "done" } } }));
  jobOver("j", "success");
  await rest();
  expect(told.runs).toBe(1);
  told.views.set("j", view({ state: "success", nodes: { "1": { state: "cached" } } }));
  jobOver("j", "success");
  jobOver("j", "error");
  await rest();
  expect(told.runs).toBe(1);
});
