/** Documents and answers for the tests of this folder. */

import { nodeTypes } from "~/api/schema";
import nodesText from "~/api/recorded/nodes.json?raw";
import { readJson } from "~/formats/json";
import { emptyDoc } from "~/core/document";
import type { Doc, Graph, GraphNode, Json, Link, NodeType, Registry } from "~/core/types";
import type { Problem } from "~/stores/run";
import { registryOf } from "./refresh";

const LORA: NodeType = {
  name: "LoraLoader",
  label: "Load LoRA",
  category: "loaders",
  kind: "pure",
  help: "",
  module: "",
  inputs: {
    model: { type: "MODEL", required: true, help: "" },
    clip: { type: "CLIP", required: true, help: "" },
    lora_name: { type: "COMBO", required: true, help: "", file: "loras" },
    strength_model: { type: "FLOAT", required: false, help: "", default: 1 },
    strength_clip: { type: "FLOAT", required: false, help: "", default: 1 },
  },
  outputs: [
    { name: "MODEL", type: "MODEL", list: false, help: "" },
    { name: "CLIP", type: "CLIP", list: false, help: "" },
  ],
};

export const registry: Registry = { ...registryOf(nodeTypes.parse(readJson(nodesText))), LoraLoader: LORA };

export const node = (
  type: string,
  values: Record<string, Json> = {},
  links: Record<string, [string, number]> = {},
  more: Partial<GraphNode> = {},
): GraphNode => ({
  type,
  values,
  links: Object.fromEntries(Object.entries(links).map(([k, [id, output]]) => [k, { node: id, output } as Link])),
  pos: [0, 0],
  meta: {},
  ...more,
});

export const docOf = (nodes: Record<string, GraphNode>, subgraphs: Doc["subgraphs"] = {}): Doc => ({
  ...emptyDoc(),
  root: { nodes, groups: {}, notes: {} } as Graph,
  subgraphs,
});

export const problemAt = (
  at: string | null,
  input: string | null,
  mend: Problem["mend"],
  more: Partial<Problem> = {},
): Problem => ({ code: "x", severity: "error", node: at, input, args: {}, message: "It is wrong.", mend, ...more });
