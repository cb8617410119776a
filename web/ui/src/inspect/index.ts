/** What this part plugs into the frame. */

import { registerBars } from "~/shell/slots";
import { Card } from "./Card";
import "./commands";
import { Effects } from "./Effects";

registerBars([
  { id: "inspect.effects", place: "none", component: Effects, order: 20 },
  { id: "inspect.card", place: "none", component: Card, order: 21 },
]);
