/** Adding what was chosen: one step of the history, the node under the cursor, the hanging link made. */

import i18next from "i18next";
import { canvasApi } from "~/canvas/api";
import type { DocDraft } from "~/core/draft";
import { graphOf } from "~/core/document";
import { addGroup, addNote, groupAround } from "~/core/edits/frames";
import { connect } from "~/core/edits/links";
import { addNode } from "~/core/edits/nodes";
import { HEADER, shapeOf } from "~/core/geometry";
import type { NodeType, Point } from "~/core/types";
import type { From, Here } from "~/shell/here";
import { labelOf } from "~/i18n/nodes";
import { here } from "~/shell/here";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { use } from "~/stores/usage";
import { type PaletteRequest, useUi } from "~/stores/ui";
import { GROUP, NOTE, type Offer } from "./offers";

const FRAME = { group: [420, 300], note: [260, 160] } as const;
/** Canvas units by which a node makes way for one that lies there already. */
const STEP = 24;

/** Where a new node of a type lies: its header's middle at the point, or the linked socket right at it. */
export function cornerFor(type: NodeType, at: Point, socket: string | number | null): Point {
  const shape = shapeOf({ type: type.name, values: {}, links: {}, pos: at, meta: {} }, type);
  const anchor =
    typeof socket === "string"
      ? shape.inputs.find((input) => input.name === socket)?.at
      : socket === null
        ? undefined
        : shape.outputs[socket]?.at;
  const [x, y] = anchor ?? [shape.size[0] / 2, HEADER / 2];
  return [Math.round(at[0] - x), Math.round(at[1] - y)];
}

/** A corner that no node has yet. */
function free(at: Point, { doc, scope }: Here): Point {
  const taken = new Set(Object.values(graphOf(doc, scope).nodes).map((node) => node.pos.join()));
  let [x, y] = at;
  while (taken.has([x, y].join())) [x, y] = [x + STEP, y + STEP];
  return [x, y];
}

function link(d: DocDraft, { scope, registry }: Here, id: string, from: From, socket: string | number): void {
  if ("output" in from && typeof socket === "string")
    connect(d, scope, { source: from.node, output: from.output, target: id, input: socket }, registry);
  if ("input" in from && typeof socket === "number")
    connect(d, scope, { source: id, output: socket, target: from.node, input: from.input }, registry);
}

/** A model that must be chosen is the first there is, as in ComfyUI: a new loader of the only checkpoint runs at once.
 * A picture is left to its reader: the empty box says how to drop one. */
export function firstFiles(type: NodeType, files: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  const found = Object.entries(type.inputs).flatMap(([name, input]) => {
    const chosen = input.required && input.file !== undefined && input.file !== "input";
    const first = chosen ? files[input.file]?.[0] : undefined;
    return first === undefined ? [] : [[name, first] as const];
  });
  return Object.fromEntries(found);
}

/** Put a node on the graph that is shown and select it; its id. */
export function place(type: NodeType, at: Point, socket: string | number | null = null, from?: From): string {
  const where = here();
  const pos = free(cornerFor(type, at, socket), where);
  const values = firstFiles(type, useServer.getState().files);
  let id = "";
  const label = { key: "shell:edit.add", args: { label: labelOf(type) } };
  useDoc.getState().edit(label, (d) => {
    id = addNode(d, where.scope, type, pos, values);
    if (from && socket !== null) link(d, where, id, from, socket);
  });
  useUi.getState().select([id]);
  use("nodes", type.name);
  return id;
}

function placeFrame(id: string, at: Point): void {
  const { scope, registry } = here();
  const { selection } = useUi.getState();
  const title = i18next.t("shell:palette.group");
  useDoc.getState().edit({ key: id === GROUP ? "shell:edit.group" : "shell:edit.note" }, (d) => {
    if (id === NOTE) addNote(d, scope, { text: "", markdown: true, pos: at, size: FRAME.note });
    else if (!selection.size || groupAround(d, scope, registry, selection, title) === null)
      addGroup(d, scope, { title, pos: at, size: FRAME.group });
  });
  use("nodes", id);
}

/** Add what was chosen where the palette was asked for; nothing on a canvas that is read only. */
export function accept(offer: Offer, request: PaletteRequest): void {
  if (useUi.getState().readOnly) return;
  const at = request.at ?? canvasApi.cursor();
  if (!offer.type) placeFrame(offer.id, at);
  else place(offer.type, at, offer.socket, request.from);
}
