/** Requests about files that are not under /api/v1, or whose bodies are no JSON. */

import { z } from "zod";
import { ApiError, BASE } from "~/api/http";
import { failure, object } from "~/api/schema";
import type { Json, JsonObject } from "~/core/types";
import { readJson, writeJson } from "~/formats/json";
import { opened, type Opened, stored, type Stored, versions, type Version } from "./schema";

const USERDATA = "/api/userdata";
/** The folder of the user's workflows, the one that ComfyUI's front ends use. */
export const FOLDER = "workflows";

const stockFailure = z.object({ error: z.object({ type: z.string(), message: z.string() }) });

async function asked(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    throw new ApiError(0, "unreachable", error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw refusal(response.status, await response.text());
  return response;
}

function refusal(status: number, text: string): ApiError {
  const value = parsed(text);
  const ours = failure.safeParse(value);
  if (ours.success)
    return new ApiError(status, ours.data.error.code, ours.data.error.message, ours.data.error.problems);
  const stock = stockFailure.safeParse(value);
  if (stock.success) return new ApiError(status, stock.data.error.type, stock.data.error.message);
  return new ApiError(status, "http", String(status));
}

function parsed(text: string): Json | undefined {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

/** A file of any kind as ours, with what is missing here; raises ApiError ("no_workflow": a picture without one). */
export async function askOpen(data: Blob | string): Promise<Opened> {
  const headers = { "Content-Type": "application/octet-stream" };
  const response = await asked(`${BASE}/workflows/open`, { method: "POST", body: data, headers });
  return opened.parse(parsed(await response.text()));
}

/** A workflow in a format of ComfyUI's. */
export async function askExport(workflow: JsonObject, form: "api" | "comfy"): Promise<JsonObject> {
  const body = writeJson({ workflow, form });
  const headers = { "Content-Type": "application/json" };
  const response = await asked(`${BASE}/workflows/export`, { method: "POST", body, headers });
  return object.parse(parsed(await response.text()));
}

const address = (name: string) => `${USERDATA}/${encodeURIComponent(`${FOLDER}/${name}`)}`;

/** The user's workflows, the latest first. */
export async function listFiles(): Promise<Stored[]> {
  const query = new URLSearchParams({ dir: FOLDER, recurse: "true", split: "false", full_info: "true" });
  const rows = z.array(stored).parse(await (await asked(`${USERDATA}?${query}`)).json());
  return rows.filter((row) => /\.json$/i.test(row.path)).toSorted((a, b) => b.modified - a.modified);
}

/** A file as it was saved; /userdata tells it as stock front ends want it. */
export const readStored = async (name: string): Promise<string> =>
  (await asked(`${BASE}/saves/${encodeURIComponent(name)}`)).text();

/** Write a file of the user's; without `overwrite` a taken name raises ApiError 409. */
export async function writeStored(name: string, text: string, overwrite: boolean): Promise<Stored> {
  const headers = { "Content-Type": "application/json" };
  const query = `?overwrite=${overwrite}&full_info=true`;
  const response = await asked(address(name) + query, { method: "POST", body: text, headers });
  return stored.parse(await response.json());
}

export async function renameStored(name: string, to: string): Promise<void> {
  const target = encodeURIComponent(`${FOLDER}/${to}`);
  await asked(`${address(name)}/move/${target}?overwrite=false`, { method: "POST" });
}

export async function removeStored(name: string): Promise<void> {
  await asked(address(name), { method: "DELETE" });
}

/** Former versions of a file of the user's, the latest first. */
export async function listVersions(name: string): Promise<Version[]> {
  return versions.parse(await (await asked(`${BASE}/saves/${encodeURIComponent(name)}/versions`)).json()).versions;
}

export async function readVersion(name: string, id: string): Promise<string> {
  return (await asked(`${BASE}/saves/${encodeURIComponent(name)}/versions/${encodeURIComponent(id)}`)).text();
}

/** Put a picture among the server's input files; gives the name that LoadImage takes. */
export async function uploadPicture(file: File): Promise<string> {
  const form = new FormData();
  form.set("image", file, file.name || "picture.png");
  const response = await asked("/api/upload/image", { method: "POST", body: form });
  const place = z.object({ name: z.string(), subfolder: z.string() }).parse(await response.json());
  return place.subfolder ? `${place.subfolder}/${place.name}` : place.name;
}
