/** What this part plugs into the frame. */

import { registerBars } from "~/shell/slots";
import "./commands";
import { Effects } from "./Effects";
import { TabBar } from "./TabBar";

registerBars([
  { id: "files.tabs", place: "middle", component: TabBar, order: 10 },
  { id: "files.effects", place: "none", component: Effects, order: 10 },
]);
