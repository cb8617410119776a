/** What of a document decides its run: types, values, links, modes. Places, titles and colours do not. */

import type { Doc, Graph, GraphNode, Subgraph } from "~/core/types";

const nodes = new WeakMap<GraphNode, string>();

function nodeMeaning(node: GraphNode): string {
  let text = nodes.get(node);
  if (text === undefined) {
    const links = Object.entries(node.links).map(([input, link]) => [input, link.node, link.output]);
    text = JSON.stringify([node.type, node.values, links, node.mode ?? ""]);
    nodes.set(node, text);
  }
  return text;
}

const graphs = new WeakMap<Graph["nodes"], string>();

function graphMeaning(graph: Graph): string {
  let text = graphs.get(graph.nodes);
  if (text === undefined) {
    text = Object.entries(graph.nodes)
      .map(([id, node]) => `${id}=${nodeMeaning(node)}`)
      .join("\n");
    graphs.set(graph.nodes, text);
  }
  return text;
}

const ports = ({ inputs, widgets, outputs }: Subgraph) => JSON.stringify([inputs, widgets, outputs]);

/** A text that two documents share if they run alike. */
export function meaningOf(doc: Doc): string {
  const inner = Object.entries(doc.subgraphs).map(([id, graph]) => `${id}: ${ports(graph)}\n${graphMeaning(graph)}`);
  return [graphMeaning(doc.root), ...inner].join("\n\n");
}
