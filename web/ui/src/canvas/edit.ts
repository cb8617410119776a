/** Changing the graph that the canvas shows. */

import type { DocDraft } from "~/core/draft";
import type { Graph, Registry, Scope, Told } from "~/core/types";
import { graphOf } from "~/core/document";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { prefixOf, scopeOf, useUi } from "~/stores/ui";

/** The graph on the canvas: its document, its scope, the node types. */
export interface Here {
  readonly doc: ReturnType<typeof useDoc.getState>["doc"];
  readonly scope: Scope;
  readonly registry: Registry;
  readonly graph: Graph;
  /** Before a node's id it makes the id that the run knows it by. */
  readonly prefix: string;
}

export function here(): Here {
  const { doc } = useDoc.getState();
  const { path } = useUi.getState();
  const scope = scopeOf(path);
  return { doc, scope, registry: useServer.getState().registry, graph: graphOf(doc, scope), prefix: prefixOf(path) };
}

/** Change the graph on the canvas, as one step of the history; a canvas that is read only stays as it is.
 *
 * Args: what: the key of the step's label under canvas:edit. group: steps of one name in a row are one.
 */
export function change(
  what: string,
  recipe: (d: DocDraft, scope: Scope, registry: Registry) => void,
  args?: Told["args"],
  group?: string,
): boolean {
  if (useUi.getState().readOnly) return false;
  const { scope, registry } = here();
  const label: Told = { key: `canvas:edit.${what}`, ...(args && { args }) };
  useDoc.getState().edit(label, (d) => recipe(d, scope, registry), group);
  return true;
}
