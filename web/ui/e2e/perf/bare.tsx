/** The bare library with `?n=` plain nodes, all mounted: what a canvas costs out of the box. */

import { type Edge, type Node, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { createRoot } from "react-dom/client";

const count = Number(new URLSearchParams(location.search).get("n") ?? 100);
const rows = Math.ceil(Math.sqrt(count));

const nodes: Node[] = Array.from({ length: count }, (_, n) => ({
  id: String(n),
  position: { x: Math.floor(n / rows) * 340, y: (n % rows) * 420 },
  data: { label: `node ${n}` },
}));

const edges: Edge[] = Array.from({ length: count - 1 }, (_, n) => ({
  id: String(n),
  source: String(n),
  target: String(n + 1),
}));

const root = document.getElementById("root");
if (root) createRoot(root).render(<ReactFlow defaultNodes={nodes} defaultEdges={edges} minZoom={0.02} />);
