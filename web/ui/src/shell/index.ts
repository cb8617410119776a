/** What this part plugs into the frame. */
import { History, Library as LibraryIcon } from "lucide-react";
import { About } from "./About";
import { CommandPalette } from "./CommandPalette";
import "./commands";
import { HistoryPanel } from "./History";
import { Hints } from "./Hints";
import { Keys } from "./Keys";
import { KeyHelp } from "./keys/KeyHelp";
import { Drops } from "./library/drag";
import { Library } from "./library/Library";
import { MainMenu } from "./MainMenu";
import { AddNode } from "./palette/AddNode";
import { SettingsDialog } from "./settings/SettingsDialog";
import { registerBars, registerDialogs, registerPanels } from "./slots";
import { UndoButtons } from "./UndoButtons";
import { Wheel } from "./Wheel";

registerBars([
  { id: "shell.keys", place: "none", component: Keys, order: 0 },
  { id: "shell.drops", place: "none", component: Drops, order: 0 },
  { id: "shell.wheel", place: "none", component: Wheel, order: 0 },
  { id: "shell.palette", place: "none", component: AddNode, order: 10 },
  { id: "shell.menu", place: "start", component: MainMenu, order: 0 },
  { id: "shell.undo", place: "start", component: UndoButtons, order: 20 },
  { id: "shell.hints", place: "status", component: Hints, order: 50 },
]);

registerPanels([
  {
    id: "library",
    side: "left",
    title: "shell:library.title",
    icon: LibraryIcon,
    component: Library,
    order: 20,
    keys: ["N"],
  },
  { id: "history", side: "left", title: "shell:history.title", icon: History, component: HistoryPanel, order: 70 },
]);

registerDialogs([
  { name: "commands", component: CommandPalette },
  { name: "keys", component: KeyHelp },
  { name: "settings", component: SettingsDialog },
  { name: "about", component: About },
]);
