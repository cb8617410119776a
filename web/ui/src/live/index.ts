/** What this part plugs into the frame. */
import { registerBars } from "~/shell/slots";
import "./commands";
import { Effects } from "./Effects";
import { RunButton } from "./RunButton";

registerBars([
  { id: "live.effects", place: "none", component: Effects, order: 0 },
  { id: "live.run", place: "end", component: RunButton, order: 50 },
]);
