import { ReactFlow, ReactFlowProvider } from "@xyflow/react";
import "@xyflow/react/dist/base.css";

/** The graph of the front tab. It fills its parent. */
export function Canvas() {
  return (
    <ReactFlowProvider>
      <ReactFlow nodes={[]} edges={[]} />
    </ReactFlowProvider>
  );
}
