/** What is told outside of the page: progress in the tab's title and icon, a notice when a run ends unseen. */

import i18next from "i18next";
import type { ServerEvent } from "~/api/schema";
import { useRun } from "~/stores/run";
import { titleOf } from "~/files/actions";
import { frontTab, useTabs } from "~/stores/tabs";
import { PHONE, useUi } from "~/stores/ui";
import { jobView } from "./feed";
import { secondsText } from "./format";
import { goTo } from "./goto";
import { runErrorText, toldText } from "~/i18n/problems";
import { badge } from "./favicon";

const STORED = "inkwater.notify";

export const wantsNotices = (): boolean =>
  typeof Notification !== "undefined" &&
  Notification.permission === "granted" &&
  globalThis.localStorage?.getItem(STORED) === "1";

/** Turn notices of the system on (the browser asks the reader) or off; gives what holds now. */
export async function setNotices(on: boolean): Promise<boolean> {
  if (on && typeof Notification !== "undefined" && Notification.permission === "default")
    await Notification.requestPermission();
  globalThis.localStorage?.setItem(STORED, on ? "1" : "0");
  return wantsNotices();
}

/** "45 % · Fox" while a run is under way. */
export function titleFor(document: string, progress: number | null): string {
  const name = i18next.t("app:name");
  const base = document ? `${document} · ${name}` : name;
  return progress === null ? base : `${Math.floor(progress * 100)} % · ${base}`;
}

function draw(): void {
  const { current, nodes } = useRun.getState();
  const running = current?.state === "running" || current?.state === "queued";
  const progress = running ? (current?.progress ?? 0) : null;
  const tab = frontTab();
  const title = titleFor(tab ? titleOf(tab) : "", progress);
  if (document.title !== title) document.title = title;
  const failed = current?.state === "error" || Object.values(nodes).some((run) => run.state === "error");
  badge(progress, failed);
}

/** Keep title and icon as the run is; returns how to end it. */
export function watchRun(): () => void {
  draw();
  const stops = [useRun.subscribe((now, before) => now.current !== before.current && draw()), useTabs.subscribe(draw)];
  return () => {
    for (const stop of stops) stop();
    badge(null, false);
  };
}

/** A job of an open tab has ended. */
export function tellEnd(event: Extract<ServerEvent, { kind: "JobFinished" }>): void {
  const tab = useTabs.getState().tabs.find((t) => t.job === event.job);
  const view = jobView(event.job);
  if (!tab || !view || event.status === "cancelled") return;
  const failed = Object.entries(view.nodes).find(([, run]) => run.state === "error");
  if (event.status === "error") tellFailure(failed?.[0], runErrorText(failed?.[1]));
  const small = globalThis.matchMedia?.(PHONE).matches === true;
  if (!document.hidden && !small) return;
  const time = view.started && view.ended ? secondsText((view.ended - view.started) / 1000) : "";
  const text = { key: `live:notice.${event.status}`, args: { title: titleOf(tab), time } };
  if (event.status === "success") useUi.getState().toast("success", text, small ? LOOK : undefined);
  if (document.hidden && wantsNotices()) notify(i18next.t(text.key, text.args));
}

/** Something is amiss with a job of an open tab that fails nothing: its run is not recorded, cells of a grid failed. */
export function tellWarning({ job, message, telling }: Extract<ServerEvent, { kind: "Warned" }>): void {
  if (!useTabs.getState().tabs.some((tab) => tab.job === job)) return;
  const text = toldText(telling, message);
  const { toasts, toast } = useUi.getState();
  if (!toasts.some((shown) => shown.text === text)) toast("info", text);
}

/** On a phone the node with the picture is seldom in view. */
const LOOK = { label: { key: "live:preview.look" }, run: () => useUi.getState().toggle("right", "preview") };

function tellFailure(node: string | undefined, message: string): void {
  const text = message || { key: "live:notice.failed" };
  const look = { label: { key: "live:problems.look" }, run: () => void (node && goTo(node)) };
  useUi.getState().toast("error", text, node ? look : undefined);
}

function notify(text: string): void {
  const notice = new Notification(i18next.t("app:name"), { body: text, tag: "inkwater-run" });
  notice.addEventListener("click", () => {
    window.focus();
    notice.close();
  });
}
