import { useStore, useStoreApi } from "@xyflow/react";
import { useLayoutEffect, useMemo, useState } from "react";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { scopeOf, useUi } from "~/stores/ui";
import type { AnyFlow, LinkFlow } from "./flow";
import { projector } from "./project";
import { useCanvas } from "./store";
import { LOD } from "./view";

const NO_NODES: AnyFlow[] = [];
const NO_LINKS: LinkFlow[] = [];

/** Milliseconds of rest after which nodes are mounted again: not while the view still moves. */
const REST = 120;

/** Keeps the word of whether nodes are only drawn: below a readable zoom, on the way there, and coming nearer until the
 * view is at rest. */
export function useKeepFar(): void {
  const small = useStore((s) => s.transform[2] < LOD);
  const flying = useCanvas((s) => s.flying);
  const flow = useStoreApi();
  useLayoutEffect(() => {
    const say = (far: boolean) => useCanvas.setState({ far });
    if (small || flying) return say(true);
    if (!useCanvas.getState().far) return undefined;
    let timer = window.setTimeout(say, REST, false);
    const stop = flow.subscribe((s, before) => {
      if (s.transform === before.transform) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(say, REST, false);
    });
    return () => {
      window.clearTimeout(timer);
      stop();
    };
  }, [small, flying, flow]);
}

/** What React Flow is given now. */
export function useProjection(): { nodes: AnyFlow[]; links: LinkFlow[] } {
  const [project] = useState(projector);
  const doc = useDoc((s) => s.doc);
  const scope = useUi((s) => scopeOf(s.path));
  const selection = useUi((s) => s.selection);
  const readOnly = useUi((s) => s.readOnly);
  const registry = useServer((s) => s.registry);
  const known = useServer((s) => s.ready || s.connection === "lost");
  const links = useCanvas((s) => s.links);
  const moved = useCanvas((s) => s.moved);
  const sized = useCanvas((s) => s.sized);
  const held = useCanvas((s) => s.held);
  const lifted = useCanvas((s) => s.lifted);
  const far = useCanvas((s) => s.far);
  const all = useMemo(
    () => project({ doc, scope, registry, selection, links, moved, sized, held, lifted, readOnly }),
    [project, doc, scope, registry, selection, links, moved, sized, held, lifted, readOnly],
  );
  return useMemo(() => {
    if (!known) return { nodes: NO_NODES, links: NO_LINKS };
    if (!far) return all;
    // What must not be lost: the node that has the focus, or holds a link.
    const kept = held === null ? NO_NODES : all.nodes.filter((node) => node.id === held);
    return { nodes: kept, links: NO_LINKS };
  }, [all, far, held, known]);
}
