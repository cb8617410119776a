// What the kit adds to the editor: a widget, a panel and a command, through the documented interface alone.
import { dial } from "./editor/dial.js";
import { summary } from "./editor/summary.js";

export default (editor) => {
  editor.registerTexts({
    en: { "panel.title": "Kit summary", "panel.nodes": "{{count}} nodes", "command.reset": "Kit: reset the dials" },
    vi: { "panel.title": "Tóm tắt của Kit", "panel.nodes": "{{count}} nút", "command.reset": "Kit: đặt lại các núm" },
  });
  editor.registerWidget({ name: "kit.dial", mount: dial });
  editor.registerPanel({
    id: "summary",
    title: "panel.title",
    icon: "M4 20V10M12 20V4M20 20v-7",
    mount: (element) => summary(element, editor),
  });
  editor.registerCommands([{ id: "reset", title: "command.reset", run: () => reset(editor.graph) }]);
};

function reset(graph) {
  for (const [id, node] of Object.entries(graph.read()))
    if (node.class_type === "KitDial") graph.setValue(id, "number", 0);
}
