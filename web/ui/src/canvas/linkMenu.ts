/** The menus of links and of sockets. */

import type { TFunction } from "i18next";
import { runCommand } from "~/commands/registry";
import { removeReroute } from "~/core/edits/links";
import { sourceOf } from "~/core/wires";
import type { MenuEntry } from "~/ui/Menu";
import { change, here } from "./edit";
import { reroute } from "./handlers";
import { type End, linkEnd, linkId } from "./ids";
import { offer, unlink } from "./linking";
import { promotions } from "./promotions";
import type { MenuRequest } from "./store";

type Say = TFunction<"canvas">;

/** The entries where a link or a socket was asked; null elsewhere. */
export function endEntries({ target, place }: MenuRequest, t: Say): MenuEntry[] | null {
  if (target.kind === "socket") return socketEntries(target.end, t, place);
  if (target.kind !== "link") return null;
  const { target: node, input } = linkEnd(target.id);
  const { point } = target;
  const points = here().graph.nodes[node]?.links[input]?.points ?? [];
  const drop = (index: number) => change("remove_reroute", (d, scope) => removeReroute(d, scope, node, input, index));
  return [
    { id: "reroute", label: t("menu.reroute"), run: () => reroute(target.id, place) },
    ...(point !== undefined && points[point]
      ? [{ id: "unroute", label: t("menu.unroute"), run: () => void drop(point) }]
      : []),
    { id: "unlink", label: t("menu.unlink"), danger: true, run: () => unlink([target.id]) },
  ];
}

/** Inside a subgraph: whether the field of this socket is shown on its instances. */
const shownAbove = (node: string, input: string, t: Say): MenuEntry[] =>
  promotions(node).flatMap((field) =>
    field.id === input ? [{ ...field, id: "promote", label: t("menu.promote") }] : [],
  );

/** By keyboard too: the list of all sockets that fit, a new node for it, the end of its link. */
function socketEntries(end: End, t: Say, place: MenuRequest["place"]): MenuEntry[] {
  const { doc, scope } = here();
  const linked = "input" in end && sourceOf(doc, scope, end.node, end.input) !== null;
  return [
    ...("output" in end
      ? [{ id: "value", label: t("inspect:menu.value"), run: () => void runCommand("inspect.output", end) }]
      : []),
    { id: "connect", label: t("menu.connect"), run: () => void runCommand("outline.connect", end) },
    { id: "add", label: t("menu.add"), run: () => offer(end, place) },
    ...("input" in end ? shownAbove(end.node, end.input, t) : []),
    ...(linked
      ? [{ id: "unlink", label: t("menu.unlink"), danger: true, run: () => unlink([linkId(end.node, end.input)]) }]
      : []),
  ];
}
