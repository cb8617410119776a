/** Copies as text on the system clipboard, where anything else may be too. */

import type { Clip } from "./clip";

/** The text for the system clipboard. */
export const clipText = (clip: Clip): string => JSON.stringify(clip);

/** What a text from the system clipboard holds, if it is a copy that can be used; anything may be in there. */
export function readClip(text: string): Clip | null {
  if (text.length > LARGEST || !text.includes('"inkwater"')) return null;
  try {
    return asClip(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Characters; a text that is longer is no copy of ours. */
const LARGEST = 20_000_000;

type Loose = Readonly<Record<string, unknown>>;
const isObject = (v: unknown): v is Loose => typeof v === "object" && v !== null && !Array.isArray(v);
const isPair = (v: unknown): boolean => Array.isArray(v) && v.length === 2 && v.every((n) => Number.isFinite(n));
const all = (v: unknown, good: (one: unknown) => boolean): boolean => isObject(v) && Object.values(v).every(good);
const list = (v: unknown, good: (one: unknown) => boolean): boolean => Array.isArray(v) && v.every(good);

const isLink = (v: unknown): boolean =>
  isObject(v) &&
  typeof v["node"] === "string" &&
  Number.isInteger(v["output"]) &&
  (v["points"] === undefined || list(v["points"], isPair));

const isNode = (v: unknown): boolean =>
  isObject(v) &&
  typeof v["type"] === "string" &&
  isObject(v["values"]) &&
  all(v["links"], isLink) &&
  isPair(v["pos"]) &&
  (v["size"] === undefined || isPair(v["size"])) &&
  isObject(v["meta"]);

const isFrame = (text: string) => (v: unknown) =>
  isObject(v) && typeof v[text] === "string" && isPair(v["pos"]) && isPair(v["size"]) && isObject(v["meta"]);

const isGraph = (v: unknown): boolean =>
  isObject(v) && all(v["nodes"], isNode) && all(v["groups"], isFrame("title")) && all(v["notes"], isFrame("text"));

const isEnd = (v: unknown): boolean => Array.isArray(v) && typeof v[0] === "string" && typeof v[1] === "string";

const isPort = (v: unknown): boolean =>
  isObject(v) && typeof v["name"] === "string" && typeof v["type"] === "string" && list(v["to"], isEnd);

const isOutlet = (v: unknown): boolean =>
  isObject(v) && typeof v["name"] === "string" && typeof v["type"] === "string" && v["from"] !== undefined;

const isSubgraph = (v: unknown): boolean =>
  isGraph(v) &&
  isObject(v) &&
  typeof v["title"] === "string" &&
  list(v["inputs"], isPort) &&
  list(v["widgets"], isPort) &&
  list(v["outputs"], isOutlet) &&
  isObject(v["meta"]);

function asClip(value: unknown): Clip | null {
  if (!isObject(value) || value["inkwater"] !== "clip" || value["version"] !== 1 || !isGraph(value)) return null;
  const good =
    all(value["subgraphs"], isSubgraph) &&
    all(value["outside"], (t) => typeof t === "string") &&
    list(value["ports"], (p) => Array.isArray(p) && p.length === 3 && p.every((s) => typeof s === "string")) &&
    (value["scope"] === null || typeof value["scope"] === "string");
  return good ? (value as unknown as Clip) : null;
}
