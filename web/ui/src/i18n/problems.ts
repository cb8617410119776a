/** Problems, reasons and refusals in the reader's language, told from their code and args; where the language files
 * know no such code, or a value of its sentence is missing, the server's English sentence stands. */

import i18next from "i18next";
import type { JsonObject } from "~/core/types";
import type { JobError } from "~/api/schema";
import type { NodeRun, Problem, Why } from "~/stores/run";
import { nodeNamed, withNames } from "./args";
import { type Inner, filled as filledSentence, type Sentence, sentenceIn } from "./sentences";
import { MENDS, PROBLEMS, joined, plain, shown, type Teller, type Telling } from "./told";

/** The sentence of a key; null if there is none, or a value of it is missing. */
function filled(key: string, values: Telling["values"]): string | null {
  if (!i18next.exists(key)) return null;
  const raw = i18next.t(key, { skipInterpolation: true });
  const wanted = [...raw.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? "");
  return wanted.every((name) => Object.hasOwn(values, name)) ? i18next.t(key, { ...values }) : null;
}

/** The sentence of a code. `group` is where it stands in problems.json. */
function told(
  group: string,
  code: string,
  args: JsonObject,
  table: Readonly<Record<string, Teller>> = {},
): string | null {
  const telling = Object.hasOwn(table, code) ? table[code]?.(args) : undefined;
  return filled(`problems:${group}.${telling?.key ?? code}`, telling?.values ?? plain(args));
}

/** What is wrong, without its place (it is shown at the node and input) and without the mend (that is a button). */
export const problemText = (problem: Problem): string => codeText(problem.code, problem.args) ?? problem.message;

/** The sentence of a problem's code. A reason that is told with its values is in the reader's language. */
function codeText(code: string, args: JsonObject): string | null {
  const telling = sentenceIn(args["telling"]);
  const reason = telling ? { reason: toldText(telling, shown(args["reason"] ?? args["found"])) } : {};
  return told("problem", code, withNames({ ...args, ...reason }), PROBLEMS);
}

/** An error or a warning in the reader's language; `english` is as the server tells it. */
export function toldText(telling: Sentence | null | undefined, english: string): string {
  if (!telling || i18next.language.startsWith("en")) return english;
  return filledSentence(telling, innerText) ?? english;
}

/** A problem within another sentence. */
function innerText({ code, args, node, input }: Inner): string {
  const text = (codeText(code, args) ?? code).replace(/\.$/, "");
  if (node === null) return text;
  const place = i18next.t(input === null ? "problems:place.node" : "problems:place.input", {
    node: nodeNamed(node),
    input,
  });
  return `${place}: ${text}`;
}

/** What would mend it, as the words of a button; null if there is nothing to press. */
export function mendText(problem: Problem): string | null {
  const { mend } = problem;
  return mend && told("mend", mend.kind, withNames({ ...problem.args, ...mend.args }), MENDS);
}

/** Why a step runs, or that its result is kept. Without what the server told, its text. */
export function whyText(why: Why): string {
  const args = withNames(why.args);
  const values = { ...plain(args), inputs: joined(args["inputs"]), nodes: joined(args["nodes"]) };
  return filled(`why:${why.code}`, values) ?? why.text;
}

/** What the server refused: an ApiError's code and message. English keeps the message, which names things. */
export function errorText(error: { readonly code: string; readonly message: string }): string {
  if (i18next.language.startsWith("en")) return error.message;
  return told("refusal", error.code, {}) ?? error.message;
}

/** Why a job ended badly: the `error` of a job row. */
export function jobErrorText({ code = "", message = "", telling }: JobError): string {
  if (telling) return toldText(telling, message);
  return told("job", code, { message }) ?? message;
}

/** Why a node failed. */
export const runErrorText = (run: NodeRun | undefined): string =>
  run?.state === "error" ? toldText(run.telling, run.error ?? "") : "";
