import { Background, BackgroundVariant, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { BoundaryView } from "./BoundaryView";
import styles from "./Canvas.module.css";
import { ConnectionLine } from "./ConnectionLine";
import { GroupView } from "./GroupView";
import { LinkView } from "./LinkView";
import { NodeView } from "./NodeView";
import { NoteView } from "./NoteView";
import { Overlay } from "./Overlay";
import { Refusal } from "./Refusal";
import type { AnyFlow, LinkFlow } from "./flow";
import * as on from "./handlers";
import { useCanvas } from "./store";
import { useAriaLabels } from "./useAriaLabels";
import { useMounted } from "./useMounted";
import { LodLayer } from "./lod/LodLayer";
import { useKeepFar, useProjection } from "./useProjection";
import { useViews } from "./useViews";
import { ZOOM } from "./view";

/** "group" is a type of the library's own. */
const NODES = { node: NodeView, frame: GroupView, note: NoteView, boundary: BoundaryView };
const LINKS = { link: LinkView };
const ADD = ["Shift", "Control", "Meta"];
const PAN = [0, 1];
const NO_PAN = [1];

/** The graph of the front tab. It fills its parent. */
export function Canvas() {
  return (
    <ReactFlowProvider>
      <Flow />
    </ReactFlowProvider>
  );
}

function Flow() {
  const { nodes, links } = useProjection();
  const labels = useAriaLabels();
  const far = useCanvas((s) => s.far);
  const grid = useSettings((s) => s.grid) && !far; // dots that nobody can tell apart, at the price of the whole
  const gridSize = useSettings((s) => s.gridSize);
  const drag = useSettings((s) => s.drag);
  const wheel = useSettings((s) => s.wheel);
  const readOnly = useUi((s) => s.readOnly);
  const frame = useMounted();
  useViews();
  useKeepFar();
  return (
    <div ref={frame} className={styles["canvas"]} data-read-only={readOnly}>
      <ReactFlow<AnyFlow, LinkFlow>
        nodes={nodes}
        edges={links}
        nodeTypes={NODES}
        edgeTypes={LINKS}
        onNodesChange={on.nodesChange}
        onNodeDragStart={on.dragStart}
        onNodeDragStop={on.dragStop}
        onNodeClick={on.nodeClick}
        onNodeDoubleClick={on.nodeDoubleClick}
        onNodeContextMenu={on.nodeMenu}
        onPaneContextMenu={on.paneMenu}
        onPaneClick={on.paneClick}
        onEdgeClick={on.linkClick}
        onEdgeDoubleClick={on.linkDoubleClick}
        onEdgeContextMenu={on.linkMenu}
        isValidConnection={on.isValid}
        onConnectStart={on.connectStart}
        onConnect={on.connect}
        onConnectEnd={on.connectEnd}
        onClickConnectStart={on.connectStart}
        onClickConnectEnd={on.clickConnectEnd}
        onReconnectStart={on.reconnectStart}
        onReconnect={on.reconnect}
        onReconnectEnd={on.reconnectEnd}
        connectionLineComponent={ConnectionLine}
        connectionRadius={28}
        connectOnClick
        onlyRenderVisibleElements
        elevateNodesOnSelect
        edgesFocusable={false}
        nodesConnectable={!readOnly}
        nodeDragThreshold={3}
        paneClickDistance={4}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={ADD}
        panActivationKeyCode={null}
        panOnDrag={drag === "pan" ? PAN : NO_PAN}
        panOnScroll={wheel === "pan"}
        zoomOnScroll={wheel === "zoom"}
        zoomOnDoubleClick={false}
        minZoom={ZOOM.least}
        maxZoom={ZOOM.most}
        ariaLabelConfig={labels}
        proOptions={QUIET}
      >
        {grid && <Background variant={BackgroundVariant.Dots} gap={gridSize} size={1.4} color="var(--canvas-dot)" />}
      </ReactFlow>
      <LodLayer />
      <Overlay />
      <Refusal />
    </div>
  );
}

/** The library is named in NOTICE; its mark on the canvas is left out, as its licence allows. */
const QUIET = { hideAttribution: true };
