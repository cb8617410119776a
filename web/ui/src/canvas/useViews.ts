import { useStore } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { useServer } from "~/stores/server";
import { useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { type View, canvasApi } from "./api";
import { fits } from "./view";

const views = new Map<string, View>();

/** Each graph keeps its view: entering a subgraph shows the whole of it, leaving it comes back to where one was.
 * A whole-graph view that was asked for before anything could be measured is made up for. */
export function useViews(): void {
  const path = useUi((s) => s.path);
  const front = useTabs((s) => s.front);
  const ready = useServer((s) => s.ready || s.connection === "lost");
  const sized = useStore((s) => s.width > 0 && s.height > 0 && s.panZoom !== null);
  const shown = useRef({ front, key: "" });

  useEffect(() => {
    if (!sized || !ready || !fits.wanted) return;
    canvasApi.fit();
  }, [sized, ready]);

  useEffect(() => {
    const key = path.map((step) => step.instance).join("/");
    const before = shown.current;
    shown.current = { front, key };
    if (before.front !== front || before.key === key) return;
    views.set(`${front} ${before.key}`, canvasApi.view());
    const known = views.get(`${front} ${key}`);
    if (known) canvasApi.setView(known);
    else canvasApi.fit();
  }, [path, front]);
}
