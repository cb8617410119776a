/** Which widgets of a node inside a subgraph are shown on its instances. */

import { hasWidget } from "~/core/document";
import { promote, unpromote } from "~/core/edits/subgraphs";
import { inputLabel } from "~/i18n/nodes";
import type { MenuEntry } from "~/ui/Menu";
import { change, here } from "./edit";
import { wiring } from "./wiring";

/** A choice for each widget that is not linked; none at the top. */
export function promotions(node: string): Exclude<MenuEntry, "line">[] {
  const shown = here();
  const { scope, doc } = shown;
  const type = wiring(shown).types.get(node);
  const widgets = scope === null ? undefined : doc.subgraphs[scope]?.widgets;
  if (scope === null || !type || !widgets) return [];
  return Object.entries(type.inputs)
    .filter(([name, input]) => hasWidget(input) && !shown.graph.nodes[node]?.links[name])
    .map(([name]) => {
      const on = widgets.some((port) => port.to.some(([id, input]) => id === node && input === name));
      return {
        id: name,
        label: inputLabel(type, name),
        checked: on,
        run: () =>
          void change(on ? "unpromote" : "promote", (d, _, registry) => {
            if (on) unpromote(d, scope, node, name);
            else promote(d, scope, registry, node, name);
          }),
      };
    });
}
