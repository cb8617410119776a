/** Commands that change what is seen. */

import type { Command } from "~/commands/registry";
import { useUi } from "~/stores/ui";
import { canvasApi } from "../api";

const selected = () => useUi.getState().selection;

export const viewCommands: readonly Command[] = [
  { id: "view.fit", title: "canvas:command.fit", keys: ["."], target: "canvas", run: () => canvasApi.fit() },
  {
    id: "view.frame",
    title: "canvas:command.frame",
    keys: ["F"],
    target: "canvas",
    run: () => canvasApi.fit(selected().size ? selected() : undefined),
  },
  {
    id: "view.zoomIn",
    title: "canvas:command.zoomIn",
    keys: ["Alt+=", "+"],
    repeats: true,
    run: () => canvasApi.zoomBy(1.25),
  },
  {
    id: "view.zoomOut",
    title: "canvas:command.zoomOut",
    keys: ["Alt+-", "-"],
    repeats: true,
    run: () => canvasApi.zoomBy(0.8),
  },
  { id: "view.zoom100", title: "canvas:command.zoom100", keys: ["Alt+0"], run: () => canvasApi.zoomTo(1) },
];
