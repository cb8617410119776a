/** What this part plugs into the frame. */

import { registerCommands } from "~/commands/registry";
import { registerBars } from "~/shell/slots";
import { Breadcrumb } from "./Breadcrumb";
import { Canvas } from "./Canvas";
import { CanvasMenu } from "./CanvasMenu";
import { Controls } from "./Controls";
import { MiniMap } from "./MiniMap";
import { arrangeCommands } from "./commands/arrange";
import { clipboardCommands } from "./commands/clipboard";
import { frameCommands } from "./commands/frames";
import { nodeCommands } from "./commands/nodes";
import { selectCommands } from "./commands/select";
import { viewCommands } from "./commands/view";

registerBars([
  { id: "canvas", place: "canvas", component: Canvas, order: 0 },
  { id: "breadcrumb", place: "canvas", component: Breadcrumb, order: 10 },
  { id: "controls", place: "canvas", component: Controls, order: 20 },
  { id: "minimap", place: "canvas", component: MiniMap, order: 30 },
  { id: "canvasMenu", place: "none", component: CanvasMenu, order: 0 },
]);
registerCommands([
  ...clipboardCommands,
  ...nodeCommands,
  ...frameCommands,
  ...arrangeCommands,
  ...selectCommands,
  ...viewCommands,
]);
