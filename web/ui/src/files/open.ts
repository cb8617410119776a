/** Opening: a file of any kind becomes a document in a tab of its own. */

import { ApiError } from "~/api/http";
import { canvasApi } from "~/canvas/api";
import { shapeOf } from "~/core/geometry";
import { typeOf } from "~/core/document";
import { tidied } from "~/core/layout";
import type { Doc, Point } from "~/core/types";
import { isOurs, type ReadFile, toDoc } from "~/formats/file";
import { readJson } from "~/formats/json";
import { useServer } from "~/stores/server";
import { type FileRef, useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { askOpen, readStored } from "./client";
import { tellFailure } from "./failures";
import { type Notice, notice } from "./notices";
import { newTab, showTab } from "./tabs";
import { loadTemplates, templateDoc } from "./templates";

interface Read extends Notice {
  readonly doc: Doc;
}

const NOTHING: Notice["missing"] = { types: [], files: [] };

/** The document in a file; raises ApiError or JsonError. Without a server, a file of ours is read all the same. */
export async function readAny(data: Blob | string): Promise<Read> {
  try {
    const { workflow, problems, missing } = await askOpen(data);
    return { ...placed(toDoc(workflow)), problems, missing };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 0) throw error;
    const value = readJson(typeof data === "string" ? data : await data.text());
    if (!isOurs(value)) throw error;
    return { ...placed(toDoc(value)), problems: [], missing: NOTHING };
  }
}

/** A graph without any places is laid out as a reader would. */
function placed({ doc, warnings, unplaced }: ReadFile): Pick<Read, "doc" | "warnings"> {
  const { registry } = useServer.getState();
  const nodes = Object.entries(doc.root.nodes);
  if (!unplaced.length || unplaced.length < nodes.length || !Object.keys(registry).length) return { doc, warnings };
  const places = tidied(doc.root, (node) => shapeOf(node, typeOf(doc, registry, node)));
  const moved = nodes.map(([id, node]) => [id, { ...node, pos: places[id] ?? node.pos }] as const);
  return { doc: { ...doc, root: { ...doc.root, nodes: Object.fromEntries(moved) } }, warnings };
}

/** Show a document that was read in a tab of its own; gives the tab's id. */
function shown(read: Read, file: FileRef | null): string {
  const id = newTab(read.doc, file);
  notice(id, read);
  return id;
}

/** Open the text of a file, for example one that was pasted; says whether it held a workflow. */
export async function openText(text: string, name = ""): Promise<boolean> {
  try {
    shown(await readAny(text), name ? { kind: "local", name } : null);
    return true;
  } catch (error) {
    tellFailure(error, name);
    return false;
  }
}

/** Open a file of this computer in a tab of its own. */
export const openFile = (file: File, at?: Point): Promise<void> => openFiles([file], at);

/** Open several files, one tab each, in their order. Pictures without a workflow are offered as inputs, at `at` in
 * canvas units. */
export async function openFiles(files: readonly File[], at?: Point): Promise<void> {
  const pictures: File[] = [];
  for (const file of files) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- tabs come in the order of the files
      shown(await readAny(file), { kind: "local", name: file.name });
    } catch (error) {
      if (error instanceof ApiError && error.code === "no_workflow") pictures.push(file);
      else tellFailure(error, file.name);
    }
  }
  if (pictures.length) useUi.getState().show("files.picture", { files: pictures, at: at ?? canvasApi.cursor() });
}

const tabWithFile = (file: FileRef) =>
  useTabs.getState().tabs.find((t) => t.file?.kind === file.kind && t.file.name === file.name);

/** Open a file of the user's on the server; a tab that has it comes to the front. */
export async function openStored(name: string): Promise<void> {
  const file: FileRef = { kind: "server", name };
  const open = tabWithFile(file);
  if (open) return showTab(open.id);
  try {
    shown(await readAny(await readStored(name)), file);
  } catch (error) {
    tellFailure(error, name);
  }
}

/** Open a workflow that comes along. */
export async function openTemplate(name: string): Promise<void> {
  try {
    newTab(await templateDoc(name), { kind: "template", name });
    void loadTemplates().catch(() => undefined);
  } catch (error) {
    tellFailure(error);
  }
}
