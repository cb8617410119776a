/** Commands that change what is seen. */

import type { Command } from "~/commands/registry";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { canvasApi } from "../api";

const selected = () => useUi.getState().selection;
const title = (name: string) => `canvas:command.${name}`;

export const viewCommands: readonly Command[] = [
  { id: "canvas.fit", title: title("fit"), keys: ["."], run: () => canvasApi.fit() },
  {
    id: "canvas.fitSelection",
    title: title("fitSelection"),
    keys: ["F"],
    run: () => canvasApi.fit(selected().size ? selected() : undefined),
  },
  {
    id: "canvas.zoomIn",
    title: title("zoomIn"),
    keys: ["Alt+=", "+"],
    repeats: true,
    run: () => canvasApi.zoomBy(1.25),
  },
  {
    id: "canvas.zoomOut",
    title: title("zoomOut"),
    keys: ["Alt+-", "-"],
    repeats: true,
    run: () => canvasApi.zoomBy(0.8),
  },
  { id: "canvas.zoomReset", title: title("zoomReset"), keys: ["Alt+0"], run: () => canvasApi.zoomTo(1) },
  {
    id: "canvas.minimap",
    title: title("minimap"),
    keys: ["Alt+M"],
    run: () => useSettings.getState().change({ minimap: !useSettings.getState().minimap }),
  },
  {
    id: "canvas.lock",
    title: title("lock"),
    keys: ["H"],
    run: () => useUi.getState().setReadOnly(!useUi.getState().readOnly),
  },
  {
    id: "canvas.snap",
    title: title("snap"),
    run: () => useSettings.getState().change({ snap: !useSettings.getState().snap }),
  },
];
