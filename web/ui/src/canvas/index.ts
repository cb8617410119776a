/** What this part plugs into the frame. */
import { registerCommands } from "~/commands/registry";
import { registerBars } from "~/shell/slots";
import { Canvas } from "./Canvas";
import { graphCommands } from "./commands/graph";
import { viewCommands } from "./commands/view";

registerBars([{ id: "canvas", place: "canvas", component: Canvas, order: 0 }]);
registerCommands([...graphCommands, ...viewCommands]);
