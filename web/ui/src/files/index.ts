/** What this part plugs into the frame. */

import { FolderOpen, GitCompareArrows } from "lucide-react";
import { registerBars, registerDialogs, registerPanels } from "~/shell/slots";
import { Changes } from "./Changes";
import "./commands";
import { Compare } from "./Compare";
import { PANEL } from "./compare";
import { DropZone } from "./DropZone";
import { Effects } from "./Effects";
import { DeleteDialog, OpenDialog, RenameDialog } from "./FileDialogs";
import { FileList } from "./FileList";
import { LessonBar } from "./LessonBar";
import { NoticeBar } from "./Notice";
import { NoticeDialog } from "./NoticeDialog";
import { Picture } from "./Picture";
import { SaveAs } from "./SaveAs";
import { TabBar } from "./TabBar";
import { Templates } from "./Templates";
import { Unsaved } from "./Unsaved";
import { Versions } from "./Versions";

registerBars([
  { id: "files.tabs", place: "middle", component: TabBar, order: 10 },
  { id: "files.lesson", place: "below", component: LessonBar, order: 5 },
  { id: "files.notice", place: "below", component: NoticeBar, order: 10 },
  { id: "files.effects", place: "none", component: Effects, order: 10 },
  { id: "files.drop", place: "none", component: DropZone, order: 10 },
]);

registerPanels([
  {
    id: "files",
    side: "left",
    title: "files:library.title",
    icon: FolderOpen,
    component: FileList,
    order: 10,
    keys: ["W"],
  },
  { id: PANEL, side: "right", title: "files:diff.title", icon: GitCompareArrows, component: Changes, order: 60 },
]);

registerDialogs([
  { name: "files.unsaved", component: Unsaved },
  { name: "files.saveAs", component: SaveAs },
  { name: "files.open", component: OpenDialog },
  { name: "files.rename", component: RenameDialog },
  { name: "files.delete", component: DeleteDialog },
  { name: "files.templates", component: Templates },
  { name: "files.versions", component: Versions },
  { name: "files.compare", component: Compare },
  { name: "files.picture", component: Picture },
  { name: "files.notice", component: NoticeDialog },
]);
