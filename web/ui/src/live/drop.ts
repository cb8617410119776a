/** Pictures of the server that are dropped on the canvas: into a node that takes one, else a new node that loads it. */

import { carried, carries, inputName, nameOf } from "~/api/files";
import type { Place } from "~/api/schema";
import { canvasApi } from "~/canvas/api";
import { addNode, setValue } from "~/core/edits/nodes";
import { graphOf, typeOf } from "~/core/document";
import type { NodeId, Point } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { scopeOf, useUi } from "~/stores/ui";

const CANVAS = "#canvas";

/** The input of a node that takes a picture of the user's folders. */
export function pictureInput(id: NodeId): string | null {
  const { doc } = useDoc.getState();
  const node = graphOf(doc, scopeOf(useUi.getState().path)).nodes[id];
  if (!node) return null;
  const inputs = Object.entries(typeOf(doc, useServer.getState().registry, node).inputs);
  return inputs.find(([name, input]) => input.file === "input" && !node.links[name])?.[0] ?? null;
}

/** Load a picture: in a node that takes one, else in a new one.
 *
 * Args: at: in canvas units.
 */
export function loadPicture(place: Place, at: Point, into: NodeId | null = null): void {
  const type = useServer.getState().registry["LoadImage"];
  const { path, select, readOnly } = useUi.getState();
  const input = into === null ? null : pictureInput(into);
  if (readOnly || (!type && input === null)) return;
  const scope = scopeOf(path);
  let id: NodeId = into ?? "";
  useDoc.getState().edit({ key: "live:edit.input", args: { name: nameOf(place) } }, (draft) => {
    if (into !== null && input !== null) setValue(draft, scope, into, input, inputName(place));
    else if (type) id = addNode(draft, scope, type, at, { image: inputName(place) });
  });
  select([id]);
}

const over = (event: DragEvent): DataTransfer | null =>
  event.dataTransfer && carries(event.dataTransfer) && event.target instanceof Element && event.target.closest(CANVAS)
    ? event.dataTransfer
    : null;

function hover(event: DragEvent): void {
  const data = over(event);
  if (!data) return;
  event.preventDefault();
  data.dropEffect = "copy";
}

function drop(event: DragEvent): void {
  const data = over(event);
  const place = data && carried(data);
  if (!place || !(event.target instanceof Element)) return;
  event.preventDefault();
  event.stopPropagation();
  const node = event.target.closest<HTMLElement>(".react-flow__node[data-id]")?.dataset["id"] ?? null;
  loadPicture(place, canvasApi.screenToCanvas([event.clientX, event.clientY]), node);
}

/** Take such drops from now on; returns how to end it. */
export function watchDrops(): () => void {
  document.addEventListener("dragover", hover, true);
  document.addEventListener("drop", drop, true);
  return () => {
    document.removeEventListener("dragover", hover, true);
    document.removeEventListener("drop", drop, true);
  };
}
