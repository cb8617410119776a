import { Plus, X } from "lucide-react";
import { type DragEvent, type KeyboardEvent, type MouseEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { keysFor } from "~/commands/keymap";
import { runCommand } from "~/commands/registry";
import { useSettings } from "~/stores/settings";
import { useTabs } from "~/stores/tabs";
import { IconButton } from "~/ui/Button";
import { cx } from "~/ui/cx";
import { Menu, type MenuEntry } from "~/ui/Menu";
import { tip } from "~/ui/Tooltip";
import css from "./TabBar.module.css";
import { closeTab, closeOthers, moveTab, showTab } from "./tabs";
import { useTitle } from "./titles";

const DRAGGED = "application/x-inkwater-tab";

/** The open files. Arrows move between them, Delete and the middle button close, dragging puts them elsewhere. */
export function TabBar() {
  const { t } = useTranslation("files");
  const tabs = useTabs((s) => s.tabs);
  const front = useTabs((s) => s.front);
  const newKeys = useSettings((s) => keysFor("file.new", s.keys)[0]);
  const list = useRef<HTMLDivElement>(null);
  const [drop, setDrop] = useState<string | null>(null);
  useEffect(() => {
    list.current
      ?.querySelector(`[data-tab="${CSS.escape(front)}"]`)
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [front]);
  const key = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.id === front);
    const steps: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 };
    const step = steps[event.key];
    const next = step === undefined ? undefined : tabs.at(step % tabs.length);
    if (event.key === "Delete") closeTab(front);
    else if (!next) return;
    else {
      showTab(next.id);
      list.current?.querySelector<HTMLElement>(`[data-tab="${CSS.escape(next.id)}"]`)?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const over = (event: DragEvent, before: string | null) => {
    if (!event.dataTransfer.types.includes(DRAGGED)) return;
    event.preventDefault();
    setDrop(before ?? "end");
  };
  const dropped = (event: DragEvent, before: string | null) => {
    const id = event.dataTransfer.getData(DRAGGED);
    setDrop(null);
    if (!id) return;
    event.preventDefault();
    event.stopPropagation();
    moveTab(id, before);
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- dragging has its command, too
    <div
      className={css["bar"]}
      onDragEnd={() => setDrop(null)}
      onDragOver={(e) => over(e, null)}
      onDrop={(e) => dropped(e, null)}
    >
      {/* oxlint-disable-next-line jsx-a11y/interactive-supports-focus -- the tabs have the focus */}
      <div ref={list} role="tablist" aria-label={t("tabs")} className={css["list"]} onKeyDown={key}>
        {tabs.map((tab) => (
          <OneTab
            key={tab.id}
            id={tab.id}
            dirty={tab.dirty}
            shown={tab.id === front}
            marked={drop === tab.id}
            over={(event) => over(event, tab.id)}
            dropped={(event) => dropped(event, tab.id)}
          />
        ))}
      </div>
      <IconButton icon={Plus} label={t("command.new")} keys={newKeys} onClick={() => runCommand("file.new")} />
    </div>
  );
}

interface OneTabProps {
  readonly id: string;
  readonly dirty: boolean;
  readonly shown: boolean;
  /** A dragged tab would come before it. */
  readonly marked: boolean;
  over(event: DragEvent): void;
  dropped(event: DragEvent): void;
}

function OneTab({ id, dirty, shown, marked, over, dropped }: OneTabProps) {
  const { t } = useTranslation("files");
  const title = useTitle(id);
  const [menu, setMenu] = useState<{ x: number; y: number } | null>(null);
  const middle = (event: MouseEvent) => {
    if (event.button !== 1) return;
    event.preventDefault();
    closeTab(id);
  };
  const context = (event: MouseEvent) => {
    event.preventDefault();
    setMenu({ x: event.clientX, y: event.clientY });
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- the tab inside has the keys for all of this
    <div
      className={cx(css["tab"], shown && css["shown"], marked && css["marked"])}
      draggable
      onDragStart={(event) => event.dataTransfer.setData(DRAGGED, id)}
      onDragOver={(event) => {
        event.stopPropagation();
        over(event);
      }}
      onDrop={dropped}
      onMouseDown={(event) => event.button === 1 && event.preventDefault()}
      onAuxClick={middle}
      onContextMenu={context}
    >
      <button
        type="button"
        role="tab"
        data-tab={id}
        aria-selected={shown}
        aria-label={dirty ? t("dirtyTab", { title }) : undefined}
        aria-controls="canvas"
        tabIndex={shown ? 0 : -1}
        className={css["title"]}
        onClick={() => showTab(id)}
        {...tip(title)}
      >
        {title}
      </button>
      <button
        type="button"
        tabIndex={-1}
        aria-hidden // for the mouse: a list of tabs holds tabs alone, and Delete closes them
        {...tip(t("closeTab", { title }))}
        className={cx(css["close"], dirty && css["dirty"])}
        onClick={() => closeTab(id)}
      >
        <X size={12} />
      </button>
      {menu && <Menu anchor={menu} label={title} entries={entries(id, t)} close={() => setMenu(null)} />}
    </div>
  );
}

function entries(id: string, t: (key: string) => string): readonly MenuEntry[] {
  const { tabs } = useTabs.getState();
  const at = tabs.findIndex((tab) => tab.id === id);
  const of = (command: string) => () => {
    showTab(id);
    runCommand(command);
  };
  return [
    { id: "save", label: t("command.save"), run: of("file.save") },
    { id: "saveAs", label: t("command.saveAs"), run: of("file.saveAs") },
    { id: "download", label: t("command.download"), run: of("file.download") },
    "line",
    { id: "left", label: t("menu.left"), disabled: at <= 0, run: () => moveTab(id, tabs[at - 1]?.id ?? null) },
    {
      id: "right",
      label: t("menu.right"),
      disabled: at === tabs.length - 1,
      run: () => moveTab(id, tabs[at + 2]?.id ?? null),
    },
    "line",
    { id: "close", label: t("command.close"), run: () => closeTab(id) },
    { id: "others", label: t("menu.others"), disabled: tabs.length < 2, run: () => closeOthers(id) },
  ];
}
