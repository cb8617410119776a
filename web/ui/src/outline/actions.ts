/** What the outline does with nodes, wherever they are: edits of any graph of the document, and the ways to the canvas. */

import i18next from "i18next";
import { canvasApi } from "~/canvas/api";
import { graphOf } from "~/core/document";
import type { DocDraft } from "~/core/draft";
import { removeGroup, removeNote, setGroup, setNote } from "~/core/edits/frames";
import { connect, disconnect } from "~/core/edits/links";
import { removeNodes, resetValue, setMode, setTitle, setValue } from "~/core/edits/nodes";
import type { Json, Mode, NodeId, Scope, Told } from "~/core/types";
import { typeIn } from "~/core/validate";
import type { Connection } from "~/core/wires";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { prefixOf, scopeOf, useUi } from "~/stores/ui";
import { inName, nodeName, outName, rowName } from "./names";
import { say } from "./store";
import type { Row } from "./tree";

const registry = () => useServer.getState().registry;
const doc = () => useDoc.getState().doc;

/** One step of the history; nothing while the workflow is read only. */
function edit(what: string, recipe: (d: DocDraft) => void, args?: Told["args"], group?: string): boolean {
  if (useUi.getState().readOnly) return false;
  useDoc.getState().edit({ key: `graph:edit.${what}`, ...(args && { args }) }, recipe, group);
  return true;
}

/** "KSampler: model". */
function inputText(scope: Scope, node: NodeId, input: string): string {
  const type = typeIn(doc(), scope, registry(), node);
  return `${nodeName(doc(), registry(), scope, node)}: ${type ? inName(type, input) : input}`;
}

function outputText(scope: Scope, node: NodeId, output: number): string {
  const type = typeIn(doc(), scope, registry(), node);
  return `${nodeName(doc(), registry(), scope, node)}: ${type ? outName(type, output) : output}`;
}

/** Connect two sockets and tell it; why not, if they do not fit. */
export function connectEnds(scope: Scope, c: Connection): boolean {
  const [from, to] = [outputText(scope, c.source, c.output), inputText(scope, c.target, c.input)];
  let refused: Told | null = null;
  const done = edit("connect", (d) => void (refused = connect(d, scope, c, registry())));
  if (!done) return false;
  say(refused ? reasonText(refused) : i18next.t("outline:said.connected", { from, to }));
  return refused === null;
}

export const reasonText = (reason: Told): string => i18next.t(reason.key, { ...reason.args });

export function cut(scope: Scope, node: NodeId, input: string): void {
  const to = inputText(scope, node, input);
  if (edit("disconnect", (d) => disconnect(d, scope, node, input))) say(i18next.t("outline:said.disconnected", { to }));
}

/** Type a value in; quick changes of one input are one step of the history. */
export function setInput(scope: Scope, node: NodeId, name: string, value: Json): void {
  edit("value", (d) => setValue(d, scope, node, name, value), { name }, `value ${scope ?? ""} ${node} ${name}`);
}

export function resetInput(scope: Scope, node: NodeId, name: string): void {
  edit("reset", (d) => resetValue(d, scope, node, name), { name });
}

/** Name a node or a group. */
export function rename(row: Row, title: string): void {
  const scope = scopeOf(row.path);
  edit("rename", (d) =>
    row.kind === "group" ? setGroup(d, scope, row.id, { title }) : setTitle(d, scope, row.id, title),
  );
}

export const setNoteText = (row: Row, text: string): void =>
  void edit("note", (d) => setNote(d, scopeOf(row.path), row.id, { text }), undefined, `note ${row.key}`);

/** Mute or bypass a node, or switch it on if it is so already. */
export function toggleMode(row: Row, mode: Mode): void {
  const scope = scopeOf(row.path);
  const next = graphOf(doc(), scope).nodes[row.id]?.mode === mode ? null : mode;
  const name = rowName(doc(), registry(), row);
  if (row.kind === "node" && edit(next ?? "enable", (d) => setMode(d, scope, [row.id], next), { n: 1 }))
    say(i18next.t(`outline:said.${next ?? "on"}`, { name }));
}

const DELETE = { node: "delete", group: "deleteGroup", note: "deleteNote" } as const;

/** Take out a node, a group (what it frames stays) or a note. */
export function remove(row: Row): boolean {
  const scope = scopeOf(row.path);
  const name = rowName(doc(), registry(), row);
  const recipe = (d: DocDraft) => {
    if (row.kind === "node") removeNodes(d, scope, registry(), [row.id]);
    else if (row.kind === "group") removeGroup(d, scope, row.id);
    else removeNote(d, scope, row.id);
  };
  const done = edit(DELETE[row.kind], recipe, { n: 1 });
  if (done) say(i18next.t("outline:said.deleted", { name }));
  return done;
}

/** What the selection calls a row. */
export const selectionId = (row: Row): string => (row.kind === "node" ? row.id : `${row.kind}:${row.id}`);

const isHere = (row: Row): boolean => prefixOf(useUi.getState().path) === prefixOf(row.path);

/** Select a row's part on the canvas, if the canvas shows its graph. */
export function selectIfHere(row: Row): void {
  const { selection, select } = useUi.getState();
  const id = selectionId(row);
  if (isHere(row) && !(selection.size === 1 && selection.has(id))) select([id]);
}

/** Show a row's part on the canvas, in whichever graph, and give it the keyboard. */
export function goTo(row: Row): void {
  const { setPath, select } = useUi.getState();
  if (!isHere(row)) setPath(row.path);
  select([selectionId(row)]);
  requestAnimationFrame(() => {
    canvasApi.center([selectionId(row)]);
    canvasApi.focus(selectionId(row));
  });
}
