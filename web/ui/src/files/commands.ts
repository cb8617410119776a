/** Commands of files and tabs; keys as in ComfyUI where it has them. */

import { type Command, registerCommands } from "~/commands/registry";
import { useDiff } from "~/stores/diff";
import { frontTab, useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { compareWithLastRun, endComparison } from "./compare";
import { goToLesson, lessonBy } from "./lessons";
import { openFiles } from "./open";
import { pickFiles } from "./pick";
import { copyFile, downloadAs, downloadFile, save } from "./save";
import { canReopen, closeTab, newTab, reopenTab, showTab, stepTab } from "./tabs";

const show = (name: string) => () => useUi.getState().show(name);
const isStored = () => frontTab()?.file?.kind === "server";
const title = (name: string) => `files:command.${name}`;

/** Alt+1 … Alt+9: a tab by its place. */
const places: readonly Command[] = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((place) => ({
  id: `tab.show${place}`,
  title: title("place"),
  keys: [`Alt+${place}`],
  hidden: true,
  inText: true,
  run: () => {
    const tab = useTabs.getState().tabs[place - 1];
    if (tab) showTab(tab.id);
  },
}));

const COMMANDS: readonly Command[] = [
  { id: "file.new", title: title("new"), keys: ["Alt+N"], inText: true, run: () => void newTab() },
  {
    id: "file.open",
    title: title("open"),
    keys: ["Mod+O"],
    inText: true,
    run: async () => openFiles(await pickFiles()),
  },
  { id: "file.browse", title: title("browse"), keys: ["Mod+Shift+O"], inText: true, run: show("files.open") },
  { id: "file.templates", title: title("templates"), run: show("files.templates") },
  {
    id: "file.lessons",
    title: "lessons:command",
    run: () => useUi.getState().show("files.templates", { name: "lessons" }),
  },
  { id: "file.nextLesson", title: "lessons:next", when: () => lessonBy(1) !== null, run: () => goToLesson(1) },
  { id: "file.lessonBefore", title: "lessons:before", when: () => lessonBy(-1) !== null, run: () => goToLesson(-1) },
  { id: "file.save", title: title("save"), keys: ["Mod+S"], inText: true, run: async () => void (await save()) },
  {
    id: "file.saveAs",
    title: title("saveAs"),
    keys: ["Mod+Shift+S"],
    inText: true,
    run: () => useUi.getState().show("files.saveAs", { id: useTabs.getState().front }),
  },
  { id: "file.download", title: title("download"), run: downloadFile },
  { id: "file.export", title: title("exportComfy"), run: () => downloadAs("comfy") },
  { id: "file.exportApi", title: title("exportApi"), run: () => downloadAs("api") },
  { id: "file.copy", title: title("copy"), run: copyFile },
  { id: "file.versions", title: title("versions"), when: isStored, run: show("files.versions") },
  { id: "file.compare", title: title("compare"), run: show("files.compare") },
  { id: "file.lastRun", title: title("lastRun"), when: () => Boolean(frontTab()?.job), run: compareWithLastRun },
  {
    id: "file.endCompare",
    title: title("endCompare"),
    when: () => useDiff.getState().against !== null,
    run: endComparison,
  },
  {
    id: "file.close",
    title: title("close"),
    keys: ["Alt+W"],
    inText: true,
    run: () => closeTab(useTabs.getState().front),
  },
  { id: "file.reopen", title: title("reopen"), keys: ["Mod+Alt+T"], inText: true, when: canReopen, run: reopenTab },
  { id: "tab.next", title: title("next"), keys: ["Mod+PageDown", "Alt+PageDown"], inText: true, run: () => stepTab(1) },
  {
    id: "tab.previous",
    title: title("previous"),
    keys: ["Mod+PageUp", "Alt+PageUp"],
    inText: true,
    run: () => stepTab(-1),
  },
  ...places,
];

registerCommands(COMMANDS);
