import { useStore } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { graphOf, subgraphIdOf } from "~/core/document";
import type { Doc } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { useTabs } from "~/stores/tabs";
import { type Step, scopeOf, useUi } from "~/stores/ui";
import { type View, canvasApi } from "./api";
import { first } from "./view";

const views = new Map<string, View>();

/** How many steps of a path still lead somewhere: an undo, or another hand, may have taken the instance away. */
function validSteps(doc: Doc, path: readonly Step[]): number {
  const lost = path.findIndex(({ instance, subgraph }, n) => {
    const node = graphOf(doc, scopeOf(path.slice(0, n))).nodes[instance];
    return node === undefined || subgraphIdOf(node.type) !== subgraph || !doc.subgraphs[subgraph];
  });
  return lost < 0 ? path.length : lost;
}

/** Each graph keeps its view: entering a subgraph shows the whole of it, leaving it comes back to where one was.
 * A whole-graph view that was asked for before anything could be measured is made up for. */
export function useViews(): void {
  const path = useUi((s) => s.path);
  const front = useTabs((s) => s.front);
  const ready = useServer((s) => s.ready || s.connection === "lost");
  const sized = useStore((s) => s.width > 0 && s.height > 0 && s.panZoom !== null);
  const doc = useDoc((s) => s.doc);
  const shown = useRef({ front, key: "" });

  useEffect(() => {
    if (sized && ready && first.wanted) canvasApi.begin();
  }, [sized, ready]);

  useEffect(() => {
    const valid = validSteps(doc, path);
    if (valid < path.length) useUi.getState().setPath(path.slice(0, valid));
  }, [doc, path]);

  useEffect(() => {
    const key = path.map((step) => step.instance).join("/");
    const before = shown.current;
    shown.current = { front, key };
    if (before.front !== front || before.key === key) return;
    views.set(`${front} ${before.key}`, canvasApi.view());
    const known = views.get(`${front} ${key}`);
    if (known) canvasApi.setView(known);
    else canvasApi.begin();
  }, [path, front]);
}
