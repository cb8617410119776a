/** How the args of a problem, a mend or a reason become the values of its sentence; which of a code's sentences it is. */

import i18next from "i18next";
import type { Json, JsonObject } from "~/core/types";

/** A key of the language files, and its values. */
export interface Telling {
  readonly key: string;
  readonly values: Readonly<Record<string, string | number>>;
}

export type Teller = (args: JsonObject) => Omit<Telling, "key"> & { readonly key?: string };

/** Names of a list that are shown. */
const SHOWN = 12;
const LONGEST = 400;

const word = (key: string, values: Readonly<Record<string, string | number>> = {}): string =>
  i18next.t(`problems:${key}`, { ...values });

/** A value as people read it: text as it is, the rest as JSON; cut where it is long. */
export function shown(value: Json | undefined): string {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? null);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

export function listed(value: Json | undefined): string {
  const items = list(value);
  const names = items.slice(0, SHOWN).map(shown).join(", ");
  return items.length > SHOWN ? word("more", { names, n: items.length - SHOWN }) : names;
}

const cycle = (value: Json | undefined): string => {
  const nodes = list(value).map(shown);
  return [...nodes.slice(0, SHOWN), ...(nodes.length > SHOWN ? ["…"] : []), ...nodes.slice(0, 1)].join(" → ");
};

/** "an INT", "a name of its list". */
export function aType(type: Json | undefined): string {
  const name = shown(type);
  if (name === "*") return word("kind.any");
  if (name === "COMBO") return word("kind.combo");
  return word(/^[AEIO]/.test(name) ? "kind.an" : "kind.a", { type: name });
}

const bytes = (value: Json | undefined): string => {
  const count = Number(value);
  return count >= 2 ** 30 ? `${(count / 2 ** 30).toFixed(1)} GiB` : `${(count / 2 ** 20).toFixed(1)} MiB`;
};

/** All args, each in its plainest form. */
export const plain = (args: JsonObject): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(args).map(([name, value]) => [
      name,
      typeof value === "number" ? value : Array.isArray(value) ? listed(value) : shown(value),
    ]),
  );

/** A telling with some values in another form than the plainest. */
const but =
  (change: (args: JsonObject) => Record<string, string | number>): Teller =>
  (args) => ({ values: { ...plain(args), ...change(args) } });

/** One sentence for each value of the argument `reason`. */
const byReason =
  (code: string): Teller =>
  (args) => ({ key: `${code}_${shown(args["reason"])}`, values: plain(args) });

/** Another sentence where a condition holds. */
const either =
  (code: string, other: string, when: (args: JsonObject) => boolean): Teller =>
  (args) => ({ key: when(args) ? `${code}_${other}` : code, values: plain(args) });

const some = (value: Json | undefined): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));

/** By how many channels a model reads beside the latent. */
const BESIDE: Readonly<Record<string, string>> = { "1": "wrong_beside_depth", "5": "wrong_beside_mask" };

/** Problems whose sentence is not simply their code's with plain values. */
export const PROBLEMS: Readonly<Record<string, Teller>> = {
  required_input_missing: but((a) => ({ expected: aType(a["expected"]) })),
  invalid_input_type: but((a) => ({ expected: aType(a["expected"]) })),
  bad_linked_input: (a) => ({
    key:
      a["reason"] === "no_node"
        ? "bad_linked_input_no_node"
        : `bad_linked_input_${some(a["outputs"]) ? "has" : "none"}`,
    values: plain(a),
  }),
  value_not_in_list: either("value_not_in_list", "file", (a) => "kind" in a),
  unknown_target: either("unknown_target", "near", (a) => some(a["near"])),
  missing_node_type: (a) => ({
    key: !a["pack"] ? "missing_node_type" : `missing_node_type_${a["pack"] === "comfy-core" ? "core" : "pack"}`,
    values: plain(a),
  }),
  wrong_beside: (a) => ({ key: BESIDE[shown(a["expected"])] ?? "wrong_beside", values: plain(a) }),
  unknown_embedding: either("unknown_embedding", "near", (a) => some(a["near"])),
  dependency_cycle: but((a) => ({ nodes: cycle(a["nodes"]) })),
  too_large_for_memory: but((a) => ({ needs: bytes(a["needs"]), budget: bytes(a["budget"]) })),
  invalid_prompt: byReason("invalid_prompt"),
  bad_json: either("bad_json", "encoding", (a) => a["reason"] === "encoding"),
  bad_number: either("bad_number", "finite", (a) => a["reason"] === "finite"),
  invalid_subgraph: byReason("invalid_subgraph"),
  subgraph_recursion: but((a) => ({ chain: cycle(list(a["chain"]).slice(0, -1)) })),
  missing_part: but((a) => ({ found: shown(a["reason"] ?? a["found"]) })),
  lost_link: either("lost_link", "named", (a) => some(a["name"])),
  left_out: byReason("left_out"),
  not_translated: byReason("not_translated"),
  bad_file_name: byReason("bad_file_name"),
};

/** By kind of mend; its args and the problem's, the mend's first. */
export const MENDS: Readonly<Record<string, Teller>> = {
  set: either("set", "near", (a) => some(a["near"])),
  choose: either("choose", "none", (a) => !some(a["options"])),
  connect: (a) => {
    const nodes = list(a["sources"]).slice(0, 3);
    const sources = nodes.map((s) => (Array.isArray(s) ? shown(s[0]) : shown(s))).join(", ");
    return { key: sources ? "connect_from" : "connect", values: { type: aType(a["type"]), sources } };
  },
};

/** Reasons name inputs and nodes; they are joined by the reader's "and". */
export const joined = (value: Json | undefined): string => {
  const names = list(value).map(shown);
  return names.length < 2
    ? names.join("")
    : word("and", { first: names.slice(0, -1).join(", "), last: names.at(-1) ?? "" });
};
