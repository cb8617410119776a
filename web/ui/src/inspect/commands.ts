/** Looking at values: by the output that has the keyboard, that a menu was opened on, or of the selected node. */

import { typeIn } from "~/core/validate";
import { graphOf } from "~/core/document";
import { registerCommands } from "~/commands/registry";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { scopeOf, useUi } from "~/stores/ui";
import { show, type Subject } from "./store";

const isEnd = (args: unknown): args is { node: string; output: number; path?: Subject["path"]; toggle?: boolean } =>
  typeof args === "object" &&
  args !== null &&
  "node" in args &&
  "output" in args &&
  typeof args.node === "string" &&
  typeof args.output === "number";

/** The output whose dot has the keyboard. */
function focused(): Omit<Subject, "path"> | null {
  const handle = document.activeElement?.closest<HTMLElement>("[data-handleid]");
  const [side, index] = handle?.dataset["handleid"]?.split(":") ?? [];
  const node = handle?.dataset["nodeid"];
  return side === "out" && node !== undefined ? { node, output: Number(index) } : null;
}

/** The first output of the only selected node. */
function selected(): Omit<Subject, "path"> | null {
  const { selection, path } = useUi.getState();
  const [node] = selection;
  const { doc } = useDoc.getState();
  const scope = scopeOf(path);
  if (node === undefined || selection.size !== 1 || !graphOf(doc, scope).nodes[node]) return null;
  return typeIn(doc, scope, useServer.getState().registry, node)?.outputs.length ? { node, output: 0 } : null;
}

registerCommands([
  {
    id: "inspect.value",
    title: "inspect:command.value",
    keys: ["V"],
    when: () => focused() !== null || selected() !== null,
    run: () => {
      const end = focused() ?? selected();
      if (end) show({ path: useUi.getState().path, ...end });
    },
  },
  {
    id: "inspect.output",
    title: "inspect:command.value",
    hidden: true,
    run: (args) => {
      if (!isEnd(args)) return;
      const { node, output, path = useUi.getState().path, toggle = false } = args;
      show({ path, node, output }, toggle);
    },
  },
]);
