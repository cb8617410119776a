/** What this part plugs into the frame. */
import { Clapperboard } from "lucide-react";
import { registerBars, registerDialogs, registerPanels } from "~/shell/slots";
import { WHY } from "./choose";
import { Effects } from "./Effects";
import "./commands";
import { PANEL } from "./open";
import { RecordingPanel } from "./RecordingPanel";
import { Why } from "./Why";

registerBars([{ id: "recording.effects", place: "none", component: Effects, order: 0 }]);

registerPanels([
  {
    id: PANEL,
    side: "right",
    title: "recording:title",
    icon: Clapperboard,
    keys: ["Shift+R"],
    component: RecordingPanel,
    order: 25,
  },
]);

registerDialogs([{ name: WHY, component: Why }]);
