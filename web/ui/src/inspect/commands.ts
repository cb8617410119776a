/** Looking at values: by the output that has the keyboard, that a menu was opened on, or of the selected node. */

import { typeIn } from "~/core/validate";
import { graphOf } from "~/core/document";
import { registerCommands } from "~/commands/registry";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { scopeOf, useUi } from "~/stores/ui";
import { dark, lightSpot, lightWord, stepBy } from "./light";
import { close, show, type Subject, useInspect } from "./store";
import { useLight } from "~/stores/light";

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

const field = (args: unknown, name: string): unknown =>
  typeof args === "object" && args !== null ? Object.entries(args).find(([key]) => key === name)?.[1] : undefined;
const number = (value: unknown): number => (typeof value === "number" ? value : 0);

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
  {
    id: "inspect.close",
    title: "inspect:command.close",
    keys: ["Escape"],
    when: () => useInspect.getState().subject !== null,
    run: close,
  },
  {
    id: "inspect.word",
    title: "inspect:command.word",
    hidden: true,
    run: (args) => {
      const prompt = field(args, "prompt");
      if (typeof prompt === "string") lightWord(prompt, number(field(args, "at")));
    },
  },
  {
    id: "inspect.spot",
    title: "inspect:command.spot",
    hidden: true,
    run: (args) => {
      const picture = field(args, "picture");
      if (typeof picture === "string") lightSpot(picture, number(field(args, "x")), number(field(args, "y")));
    },
  },
  {
    id: "inspect.litStep",
    title: "inspect:command.litStep",
    hidden: true,
    run: (by) => stepBy(number(by)),
  },
  {
    id: "inspect.dark",
    title: "inspect:command.dark",
    when: () => useLight.getState().at !== null,
    run: dark,
  },
]);
