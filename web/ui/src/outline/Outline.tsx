import { ListTree, Plus } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { useUi } from "~/stores/ui";
import { Button } from "~/ui/Button";
import { Empty } from "~/ui/Empty";
import { Details } from "./Details";
import css from "./Outline.module.css";
import { setActive, takesFocus, useOutline } from "./store";
import { Tree } from "./Tree";
import { keyOf, opened, rowsOf } from "./tree";

/** What is selected on the canvas becomes the active row, and is brought in sight. */
function useSelected(): void {
  const selection = useUi((s) => s.selection);
  const path = useUi((s) => s.path);
  useEffect(() => {
    const [only] = selection;
    if (only === undefined || selection.size > 1) return;
    const [, kind, id] = /^(group|note):(.*)$/.exec(only) ?? [undefined, "node", only];
    const key = keyOf(path, kind === "group" || kind === "note" ? kind : "node", id ?? only);
    useOutline.setState((s) => ({ active: key, toggled: opened(s.toggled, path) }));
  }, [selection, path]);
}

/** Where nothing is, the keyboard comes to the button that adds something. */
function Nothing({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation("outline");
  const box = useRef<HTMLDivElement>(null);
  const wanted = useOutline((s) => s.focus);
  useEffect(() => {
    if (takesFocus(wanted, "tree", "details")) box.current?.querySelector("button")?.focus();
  }, [wanted]);
  return (
    <div ref={box}>
      <Empty icon={ListTree} title={t("empty.title")} text={t("empty.text")}>
        {children}
      </Empty>
    </div>
  );
}

/** The workflow as a list: everything that the canvas can do to nodes and links, without a mouse and without eyes. */
export function Outline() {
  const { t } = useTranslation("outline");
  const doc = useDoc((s) => s.doc);
  const registry = useServer((s) => s.registry);
  const toggled = useOutline((s) => s.toggled);
  const active = useOutline((s) => s.active);
  const readOnly = useUi((s) => s.readOnly);
  useSelected();
  const { root, subgraphs } = doc;
  // oxlint-disable-next-line react/exhaustive-deps -- the title and the form change no row
  const rows = useMemo(() => rowsOf(doc, registry, toggled), [root, subgraphs, registry, toggled]);
  const at = rows.findIndex((row) => row.key === active);
  const row = rows[Math.max(0, at)];
  useEffect(() => {
    if (at < 0 && row) setActive(row.key);
  }, [at, row]);
  const add = (
    <Button icon={Plus} small disabled={readOnly} onClick={() => useUi.getState().openPalette({})}>
      {t("add")}
    </Button>
  );
  if (!row) return <Nothing>{add}</Nothing>;
  return (
    <div className={css["outline"]}>
      <div className={css["tools"]}>
        {add}
        <span className={css["count"]}>{t("count", { count: Object.keys(root.nodes).length })}</span>
      </div>
      <Tree rows={rows} active={Math.max(0, at)} />
      <Details key={row.key} row={row} />
    </div>
  );
}
