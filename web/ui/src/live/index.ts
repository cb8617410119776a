/** What this part plugs into the frame. */
import { CircleAlert, Images, ListVideo, MemoryStick, ScanEye } from "lucide-react";
import { registerBars, registerDialogs, registerPanels } from "~/shell/slots";
import "./commands";
import { Effects } from "./Effects";
import { ForecastBadge } from "./ForecastBadge";
import { Gallery } from "./Gallery";
import { JobBar } from "./JobBar";
import { Lost } from "./Lost";
import { MemoryPanel } from "./MemoryPanel";
import { PreviewPanel } from "./PreviewPanel";
import { ProblemCount } from "./ProblemCount";
import { ProblemsPanel } from "./ProblemsPanel";
import { QueuePanel } from "./QueuePanel";
import { RunButton } from "./RunButton";
import { Viewer } from "./Viewer";

registerBars([
  { id: "live.effects", place: "none", component: Effects, order: 0 },
  { id: "live.forecast", place: "end", component: ForecastBadge, order: 45 },
  { id: "live.run", place: "end", component: RunButton, order: 50 },
  { id: "live.job", place: "below", component: JobBar, order: 0 },
  { id: "live.lost", place: "below", component: Lost, order: 10 },
  { id: "live.problems", place: "status", component: ProblemCount, order: 10 },
]);

registerPanels([
  {
    id: "queue",
    side: "left",
    title: "live:queue.title",
    icon: ListVideo,
    keys: ["Q"],
    component: QueuePanel,
    order: 40,
  },
  {
    id: "gallery",
    side: "left",
    title: "live:gallery.title",
    icon: Images,
    keys: ["A"],
    component: Gallery,
    order: 50,
  },
  { id: "preview", side: "right", title: "live:preview.title", icon: ScanEye, component: PreviewPanel, order: 20 },
  {
    id: "problems",
    side: "right",
    title: "live:problems.title",
    icon: CircleAlert,
    component: ProblemsPanel,
    order: 30,
  },
  { id: "memory", side: "right", title: "live:memory.title", icon: MemoryStick, component: MemoryPanel, order: 60 },
]);

registerDialogs([{ name: "viewer", component: Viewer }]);
