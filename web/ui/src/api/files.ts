/** Addresses and names of the user's files, and how one is dragged from a panel or a node to the canvas. */

import { BASE } from "./http";
import { place as placeSchema, type Place } from "./schema";

/** Where a file is; `version` makes the address another one when the file is. */
export function viewUrl({ filename, subfolder, type }: Place, version?: string | number): string {
  const query = new URLSearchParams({ filename, subfolder, type });
  if (version !== undefined) query.set("v", String(version));
  return `/view?${query}`;
}

/** Its name with its folders. */
export const nameOf = ({ subfolder, filename }: Place): string => (subfolder ? `${subfolder}/${filename}` : filename);

/** Where a small picture of it is, `side` pixels at the most (16 to 1024). */
export const thumbnailUrl = (place: Place, side: number): string =>
  `${BASE}/images/${place.type}/${nameOf(place).split("/").map(encodeURIComponent).join("/")}/thumbnail?side=${side}`;

/** As an input that takes a picture names it: "a.png", or "a.png [output]" from another folder. */
export const inputName = (place: Place): string =>
  place.type === "input" ? nameOf(place) : `${nameOf(place)} [${place.type}]`;

/** The file that an input's value names. */
export function placeOf(value: string): Place {
  const [, name = value, type = "input"] = /^(.*) \[(input|output|temp)\]$/.exec(value) ?? [];
  const parts = name.split("/");
  const filename = parts.pop() ?? "";
  return { filename, subfolder: parts.join("/"), type: type === "output" || type === "temp" ? type : "input" };
}

/** The type of data under which a picture of the server is dragged: JSON of its place. */
export const DRAGGED = "application/x-inkwater-picture";

/** Let a picture be dragged: to our canvas as a file of the server, elsewhere as its address. */
export function carry(data: DataTransfer, place: Place): void {
  data.effectAllowed = "copy";
  data.setData(DRAGGED, JSON.stringify({ filename: place.filename, subfolder: place.subfolder, type: place.type }));
  data.setData("text/uri-list", new URL(viewUrl(place), location.href).href);
}

/** The picture of the server that is dropped; null: it is something else. */
export function carried(data: DataTransfer): Place | null {
  const text = data.getData(DRAGGED);
  if (!text) return null;
  try {
    return placeSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Whether a drag that is still under way carries a picture of the server. */
export const carries = (data: DataTransfer): boolean => data.types.includes(DRAGGED);
