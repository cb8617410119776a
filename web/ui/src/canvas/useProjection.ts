import { useStore } from "@xyflow/react";
import { useMemo, useState } from "react";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { scopeOf, useUi } from "~/stores/ui";
import type { AnyFlow, LinkFlow } from "./flow";
import { projector } from "./project";
import { useCanvas } from "./store";
import { LOD } from "./view";

const NO_NODES: AnyFlow[] = [];
const NO_LINKS: LinkFlow[] = [];

/** Below a readable zoom nothing is mounted but what must not be lost: the node that has the focus, or holds a link. */
export const useFar = (): boolean => useStore((s) => s.transform[2] < LOD);

/** What React Flow is given now. */
export function useProjection(): { nodes: AnyFlow[]; links: LinkFlow[]; far: boolean } {
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
  const far = useFar();
  const all = useMemo(
    () => project({ doc, scope, registry, selection, links, moved, sized, held, lifted, readOnly }),
    [project, doc, scope, registry, selection, links, moved, sized, held, lifted, readOnly],
  );
  return useMemo(() => {
    if (!known) return { nodes: NO_NODES, links: NO_LINKS, far };
    if (!far) return { ...all, far };
    const kept = held === null ? NO_NODES : all.nodes.filter((node) => node.id === held);
    return { nodes: kept, links: NO_LINKS, far };
  }, [all, far, held, known]);
}
