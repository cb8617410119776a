/** The editor as it is, with what a measurement needs in reach of the page. */

import "~/main";
import { canvasApi } from "~/canvas/api";
import { toDoc } from "~/formats/file";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { useUi } from "~/stores/ui";

const bench = { canvasApi, toDoc, useDoc, useRun, useServer, useUi };

declare global {
  interface Window {
    bench: typeof bench;
  }
}

window.bench = bench;
