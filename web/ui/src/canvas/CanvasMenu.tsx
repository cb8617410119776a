import { useTranslation } from "react-i18next";
import { keysFor } from "~/commands/keymap";
import { commandOf } from "~/commands/registry";
import { useSettings } from "~/stores/settings";
import { Menu, type MenuEntry } from "~/ui/Menu";
import { chosenNodes } from "./chosen";
import { paintAll } from "./commands/nodes";
import { PIGMENTS } from "./colors";
import { endEntries } from "./linkMenu";
import { closeMenu } from "./menu";
import { promotions } from "./promotions";
import { type MenuRequest, useCanvas } from "./store";

type Say = ReturnType<typeof useTranslation<"canvas">>["t"];

/** A row: a command's id, a sub-menu, or a line. Commands that cannot be used are left out. */
type Row = string | { readonly name: string; readonly rows: readonly string[] } | null;

const EDIT: readonly Row[] = ["graph.copy", "graph.cut", "graph.duplicate", null];
const ORDER: Row = {
  name: "arrange",
  rows: [
    "graph.tidy",
    "graph.align.left",
    "graph.align.center",
    "graph.align.right",
    "graph.align.top",
    "graph.align.middle",
    "graph.align.bottom",
    "graph.distribute.x",
    "graph.distribute.y",
  ],
};

const MENUS: Record<"canvas" | "node" | "group" | "note", readonly Row[]> = {
  canvas: [
    "palette.open",
    "graph.note",
    "graph.group",
    null,
    "graph.paste",
    "graph.pasteLinked",
    "graph.selectAll",
    null,
    "canvas.fit",
    "graph.tidy",
    "canvas.lock",
    "graph.leave",
  ],
  node: [
    "graph.enter",
    "run.here",
    "inspect.value",
    "graph.rename",
    null,
    ...EDIT,
    "graph.mute",
    "graph.bypass",
    "graph.collapse",
    "graph.pin",
    "graph.resetSize",
    null,
    ORDER,
    "graph.upstream",
    "graph.downstream",
    "graph.group",
    "graph.subgraph",
    "graph.unpack",
    "graph.detach",
    null,
    "graph.delete",
    "graph.dissolve",
  ],
  group: [
    "graph.rename",
    null,
    ...EDIT,
    "graph.mute",
    "graph.bypass",
    "graph.collapse",
    "graph.pin",
    "graph.fitGroup",
    null,
    "graph.delete",
  ],
  note: ["graph.rename", null, ...EDIT, "graph.delete"],
};

/** The context menu of the canvas, of a node, a link, a group or a note. */
export function CanvasMenu() {
  const menu = useCanvas((s) => s.menu);
  return menu && <Open key={menu.at.join()} menu={menu} />;
}

function Open({ menu }: { menu: MenuRequest }) {
  const { t, i18n } = useTranslation("canvas");
  const chosen = useSettings((s) => s.keys);
  const row = (id: string): MenuEntry[] => {
    const command = commandOf(id);
    if (!command || command.when?.() === false) return [];
    const keys = keysFor(id, chosen)[0];
    const run = () => void command.run({ at: menu.place });
    return [{ id, label: i18n.t(command.title), keys, danger: id === "graph.delete", run }];
  };
  const entries = endEntries(menu, t) ?? tidyLines(rowsOf(menu, t).flatMap(entryOf(row, t)));
  return (
    <Menu
      anchor={{ x: menu.at[0], y: menu.at[1] }}
      label={t(`menu.${menu.target.kind}`)}
      entries={entries}
      close={closeMenu}
    />
  );
}

type Special = Exclude<Row, string | null> | { readonly entry: MenuEntry };

const entryOf =
  (row: (id: string) => MenuEntry[], t: Say) =>
  (one: Row | Special): MenuEntry[] => {
    if (one === null) return ["line"];
    if (typeof one === "string") return row(one);
    if ("entry" in one) return [one.entry];
    const items = one.rows.flatMap(row);
    return items.length ? [{ id: one.name, label: t(`menu.${one.name}`), items }] : [];
  };

/** The table of a kind, with the colours before its end and what depends on the node. */
function rowsOf({ target }: MenuRequest, t: Say): (Row | Special)[] {
  if (target.kind === "link" || target.kind === "socket") return [];
  const rows: (Row | Special)[] = [...MENUS[target.kind]];
  if (target.kind === "canvas") return rows;
  const [node] = chosenNodes();
  const more: Special[] = [{ entry: colors(t) }];
  if (target.kind === "node" && node !== undefined) {
    const items = promotions(node);
    if (items.length) more.push({ entry: { id: "promote", label: t("menu.promote"), items } });
  }
  rows.splice(rows.lastIndexOf(null), 0, ...more);
  return rows;
}

const colors = (t: Say): MenuEntry => ({
  id: "colors",
  label: t("command.color"),
  items: [
    ...PIGMENTS.map((name) => ({ id: name, label: t(`pigment.${name}`), run: () => paintAll(name) })),
    "line" as const,
    { id: "none", label: t("pigment.none"), run: () => paintAll(null) },
  ],
});

/** No line at an end, and no two in a row. */
const tidyLines = (entries: readonly MenuEntry[]): MenuEntry[] =>
  entries.filter((one, n) => one !== "line" || (n > 0 && n < entries.length - 1 && entries[n - 1] !== "line"));
