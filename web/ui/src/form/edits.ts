/** The list of a document's form: which inputs of the top graph it shows, in which order, under which labels. */

import { graphOf } from "~/core/document";
import type { Doc, FormItem, NodeId, Told } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useUi } from "~/stores/ui";

const same = (item: FormItem, node: NodeId, input: string): boolean => item.node === node && item.input === input;

export const isInForm = (doc: Doc, node: NodeId, input: string): boolean => doc.form.some((i) => same(i, node, input));

/** Change the list, as one step of the history. */
export function editForm(
  what: "add" | "remove" | "move" | "label" | "make" | "clear",
  change: (form: readonly FormItem[]) => readonly FormItem[],
  args?: Told["args"],
  group?: string,
): boolean {
  if (useUi.getState().readOnly) return false;
  const label: Told = { key: `form:edit.${what}`, ...(args && { args }) };
  useDoc.getState().edit(label, (d) => void (d.form = change(d.form).map((item) => ({ ...item }))), group);
  return true;
}

/** Put an input into the form, or take it out; says whether it is in it now. */
export function toggleInForm(node: NodeId, input: string): boolean {
  const there = isInForm(useDoc.getState().doc, node, input);
  editForm(there ? "remove" : "add", (form) => without(form, node, input).concat(there ? [] : { node, input }), {
    name: input,
  });
  return isInForm(useDoc.getState().doc, node, input);
}

export const without = (form: readonly FormItem[], node: NodeId, input: string): FormItem[] =>
  form.filter((item) => !same(item, node, input));

/** The list with one entry at another place, which counts as in the list after it was taken out. */
export function reordered(form: readonly FormItem[], from: number, to: number): FormItem[] {
  const item = form[from];
  if (!item) return [...form];
  const rest = form.toSpliced(from, 1);
  return rest.toSpliced(Math.max(0, Math.min(to, rest.length)), 0, item);
}

/** The list with another label; an empty one gives the input its own name back. */
export const relabelled = (form: readonly FormItem[], at: number, label: string): FormItem[] =>
  form.map((item, n) => {
    if (n !== at) return item;
    const { node, input } = item;
    return label.trim() ? { node, input, label: label.trim() } : { node, input };
  });

/** The entries whose node is still there. */
export const present = (doc: Doc): readonly FormItem[] => {
  const { nodes } = graphOf(doc, null);
  return doc.form.every((item) => nodes[item.node]) ? doc.form : doc.form.filter((item) => nodes[item.node]);
};
