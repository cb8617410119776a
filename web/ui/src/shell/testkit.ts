/** Node types and a document for the tests of the frame. */

import { emptyDoc } from "~/core/document";
import type { Doc, GraphNode, NodeType, Registry } from "~/core/types";
import type { Here } from "~/shell/here";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { useUsage } from "~/stores/usage";
import { useUi } from "~/stores/ui";

const type = (name: string, category: string, inputs: Record<string, string>, outputs: string[]): NodeType => ({
  name,
  label: name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " "),
  category,
  kind: "pure",
  help: `What ${name} does.`,
  inputs: Object.fromEntries(Object.entries(inputs).map(([k, t]) => [k, { type: t, required: true, help: "" }])),
  outputs: outputs.map((t) => ({ name: t, type: t, list: false, help: "" })),
  module: "test",
});

const TYPES = [
  type("LoadModel", "loaders", {}, ["MODEL", "CLIP"]),
  type("Sample", "sampling", { model: "MODEL", latent: "LATENT", steps: "INT" }, ["LATENT"]),
  type("SampleMore", "sampling/custom", { model: "MODEL" }, ["LATENT"]),
  type("Decode", "latent", { samples: "LATENT" }, ["IMAGE"]),
  type("Anything", "utils", { value: "*" }, ["*"]),
  type("Trial", "_for_testing", { samples: "LATENT" }, ["LATENT"]),
];
export const registry: Registry = Object.fromEntries(TYPES.map((t) => [t.name, t]));

/** A type by its name. */
export function known(name: string): NodeType {
  const found = registry[name];
  if (!found) throw new Error(`no type ${name}`);
  return found;
}

const node = (kind: string): GraphNode => ({ type: kind, values: {}, links: {}, pos: [0, 0], meta: {} });

/** One node: 1, Sample. */
export const doc = (): Doc => ({ ...emptyDoc(), root: { nodes: { "1": node("Sample") }, groups: {}, notes: {} } });

/** Everything as a test begins. */
export function begin(): void {
  useServer.setState({ registry, ready: true });
  useDoc.getState().open(doc());
  useUi.setState({ path: [], selection: new Set(), palette: null, readOnly: false });
  useUsage.setState({ nodes: {}, commands: {} });
}

export const nodes = (): Readonly<Record<string, GraphNode>> => useDoc.getState().doc.root.nodes;

export const at = (scope: string | null = null): Here => ({ doc: useDoc.getState().doc, scope, registry });
