/** The editor as it is, with what a measurement needs in reach of the page. A file of ours in `window.opens` is opened
 * in a tab as soon as the editor is there; `window.readyAt` says when it was drawn, in ms from the navigation on. */

import "~/main";
import { canvasApi } from "~/canvas/api";
import type { JsonObject } from "~/core/types";
import { start } from "~/files/start";
import { newTab } from "~/files/actions";
import { toDoc } from "~/formats/file";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { useUi } from "~/stores/ui";

const bench = { canvasApi, newTab, toDoc, useDoc, useRun, useServer, useUi };

declare global {
  interface Window {
    bench: typeof bench;
    opens?: JsonObject;
    readyAt?: number;
  }
}

window.bench = bench;

const { opens } = window;

/** Once the editor has opened what it opens by itself. */
async function begin(): Promise<void> {
  if (!opens || document.documentElement.dataset["ready"] !== "true") return void setTimeout(begin, 5);
  await start();
  newTab(toDoc(opens).doc);
  requestAnimationFrame(() => requestAnimationFrame(drawn));
}

function drawn(): void {
  const sheet = document.querySelector("canvas[aria-hidden]");
  const node = document.querySelector(".react-flow__node");
  if (!sheet && !node) return void requestAnimationFrame(drawn);
  requestAnimationFrame(() => void (window.readyAt = performance.now()));
}

if (opens) void begin();
