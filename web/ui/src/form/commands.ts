/** Commands of the form: showing it, and putting inputs into it from the canvas's menus. */

import { type Command, registerCommands } from "~/commands/registry";
import { graphOf } from "~/core/document";
import { hasWidget } from "~/core/names";
import type { NodeId } from "~/core/types";
import { typeIn } from "~/core/validate";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { useUi } from "~/stores/ui";
import { editForm, isInForm, toggleInForm, without } from "./edits";
import { setEditing, showForm, useForm } from "./store";

/** The inputs of a node that are typed in. */
function typedIn(node: NodeId): string[] {
  const { doc } = useDoc.getState();
  const type = typeIn(doc, null, useServer.getState().registry, node);
  const links = graphOf(doc, null).nodes[node]?.links ?? {};
  return Object.entries(type?.inputs ?? {}).flatMap(([name, def]) =>
    hasWidget(def) && !(name in links) ? [name] : [],
  );
}

/** All inputs of a node into the form, or all out of it if all are there. */
function toggleNode(node: NodeId): void {
  const inputs = typedIn(node);
  const { doc } = useDoc.getState();
  const missing = inputs.filter((input) => !isInForm(doc, node, input));
  if (missing.length) editForm("add", (form) => [...form, ...missing.map((input) => ({ node, input }))], { name: "" });
  else
    editForm("remove", (form) => inputs.reduce((rest, input) => without(rest, node, input), [...form]), { name: "" });
}

/** {node, input}, or {node} for all inputs of it; of the selected nodes without either. */
function toggle(args: unknown): void {
  const { path, selection, toast } = useUi.getState();
  if (path.length) return toast("info", { key: "form:inside" });
  const told = typeof args === "object" && args !== null ? args : {};
  const node = "node" in told && typeof told.node === "string" ? told.node : null;
  if (node !== null && "input" in told && typeof told.input === "string") toggleInForm(node, told.input);
  else for (const id of node === null ? selection : [node]) toggleNode(id);
}

const COMMANDS: readonly Command[] = [
  {
    id: "form.view",
    title: "form:command.view",
    keys: ["Mod+Shift+A"],
    inText: true,
    run: () => showForm(!useForm.getState().on),
  },
  {
    id: "form.edit",
    title: "form:command.edit",
    run: () => {
      showForm(true);
      setEditing(true);
    },
  },
  {
    id: "form.toggle",
    title: "form:command.toggle",
    when: () => !useUi.getState().readOnly,
    run: toggle,
  },
];

registerCommands(COMMANDS);
