import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServerEvent } from "~/api/schema";
import { tabOf, useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { setNotices, tellEnd, tellWarning, titleFor, wantsNotices } from "./announce";
import { type JobView, viewOf } from "./reduce";
import { docOf } from "./testing";

const told = vi.hoisted(() => ({ view: undefined as unknown }));
vi.mock("./feed", () => ({ jobView: () => told.view, hear: () => () => {} }));

const shown: string[] = [];
class FakeNotice extends EventTarget {
  static permission = "default";
  static requestPermission = async () => (FakeNotice.permission = "granted");
  constructor(_: string, { body }: { body: string }) {
    super();
    shown.push(body);
  }
  close() {}
}

type End = Extract<ServerEvent, { kind: "JobFinished" }>;
const end = (status: End["status"]): End => ({ kind: "JobFinished", job: "j", seq: 9, time: 3, status }) as End;
const view = (change: Partial<JobView> = {}): JobView => ({ ...viewOf("j"), started: 0, ended: 2000, ...change });
const toasts = () =>
  useUi.getState().toasts.map(({ kind, text }) => [kind, typeof text === "string" ? text : text.key]);
const hide = (hidden: boolean) => vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);

beforeEach(() => {
  shown.length = 0;
  told.view = view();
  FakeNotice.permission = "default";
  localStorage.clear();
  vi.stubGlobal("Notification", FakeNotice);
  useUi.setState({ toasts: [] });
  const tab = { ...tabOf({ ...docOf({}), title: "Fox" }), job: "j" };
  useTabs.setState({ tabs: [tab], front: tab.id });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("#22 the tab's title tells how far the run is", () => {
  expect(titleFor("Fox", 0.459)).toMatch(/^45 % · Fox · /);
  expect(titleFor("Fox", null)).toMatch(/^Fox · /);
});

test("#22 a run that ends unseen is told by the system, where the reader wants that and the browser lets it", async () => {
  hide(true);
  tellEnd(end("success"));
  expect(shown).toEqual([]);
  expect(await setNotices(true)).toBe(true);
  tellEnd(end("success"));
  expect(shown).toHaveLength(1);
  expect(await setNotices(false)).toBe(false);
  tellEnd(end("success"));
  expect(shown).toHaveLength(1);
  FakeNotice.permission = "denied";
  expect(await setNotices(true)).toBe(false);
  expect(wantsNotices()).toBe(false);
});

test("#22 an end that is seen needs no notice, one that was asked for even less", async () => {
  await setNotices(true);
  hide(false);
  tellEnd(end("success"));
  hide(true);
  tellEnd(end("cancelled"));
  expect([shown, toasts()]).toEqual([[], []]);
});

test("#23 a failure is told with its sentence and the way to its node", () => {
  hide(false);
  told.view = view({ nodes: { "5": { state: "error", error: "There is no memory left." } } });
  tellEnd(end("error"));
  expect(toasts()).toEqual([["error", "There is no memory left."]]);
  expect(useUi.getState().toasts[0]?.action?.label).toEqual({ key: "live:problems.look" });
});

test("#19 on a phone the end of a run offers the picture, which is seldom in view", () => {
  hide(false);
  vi.spyOn(globalThis, "matchMedia").mockReturnValue({ matches: true } as MediaQueryList);
  tellEnd(end("success"));
  useUi.getState().toasts[0]?.action?.run();
  expect(toasts()).toEqual([["success", "live:notice.success"]]);
  expect(useUi.getState().panels.right).toBe("preview");
});

test("what is amiss with a run is told once, at once, and only of the runs of open tabs", () => {
  const warned = {
    kind: "Warned",
    job: "j",
    seq: 3,
    time: 1,
    code: "recording_too_slow",
    message: "The disk is slow.",
  };
  const event = { ...warned, telling: null } as Extract<ServerEvent, { kind: "Warned" }>;
  tellWarning(event);
  tellWarning(event);
  tellWarning({ ...event, job: "another" });
  expect(toasts()).toEqual([["info", "The disk is slow."]]);
});
