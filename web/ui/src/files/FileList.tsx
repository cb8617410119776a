import { FileJson2, FolderSearch, MoreHorizontal, Search } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { IconButton } from "~/ui/Button";
import { cx } from "~/ui/cx";
import { Empty } from "~/ui/Empty";
import { Menu, type MenuEntry } from "~/ui/Menu";
import { Spinner } from "~/ui/Spinner";
import { TextField } from "~/ui/TextField";
import css from "./FileList.module.css";
import { matching, useStored } from "./library";
import { openStored } from "./open";
import type { Stored } from "./schema";
import { baseName } from "./titles";

interface FileListProps {
  /** Put the keyboard into the search field. */
  readonly focus?: boolean;
  /** A file was opened. */
  done?(): void;
}

/** The user's workflows on the server, with search; arrows walk from the search into the list. */
export function FileList({ focus = false, done }: FileListProps) {
  const { t } = useTranslation("files");
  const [query, setQuery] = useState("");
  const { files, error } = useStored();
  const shown = files && matching(files, query);
  const open = (name: string) => {
    done?.();
    void openStored(name);
  };
  const first = shown?.[0];
  return (
    <div className={css["library"]}>
      <TextField
        bare
        type="search"
        label={t("library.search")}
        placeholder={t("library.search")}
        icon={Search}
        value={query}
        change={setQuery}
        {...(focus && { "data-first": true })}
        className={css["search"]}
        onKeyDown={(event) => event.key === "Enter" && first && open(first.path)}
      />
      {error !== null && <p role="alert">{error}</p>}
      {!shown && error === null && <Spinner />}
      {shown && !shown.length && (
        <Empty
          icon={query ? FolderSearch : FileJson2}
          title={t(query ? "library.none" : "library.empty")}
          {...(!query && { text: t("library.emptyText") })}
        />
      )}
      <ul className={css["list"]} aria-label={t("library.title")}>
        {shown?.map((file) => (
          <Row key={file.path} file={file} open={() => open(file.path)} />
        ))}
      </ul>
    </div>
  );
}

function Row({ file, open }: { readonly file: Stored; open(): void }) {
  const { t, i18n } = useTranslation("files");
  const [menu, setMenu] = useState<Element | null>(null);
  const front = useTabs((s) => s.tabs.find((tab) => tab.id === s.front)?.file);
  const time = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" }).format(
    file.modified,
  );
  const folder = file.path.split("/").slice(0, -1).join("/");
  const isOpen = front?.kind === "server" && front.name === file.path;
  return (
    <li className={cx(css["row"], isOpen && css["open"])}>
      <button type="button" className={css["file"]} aria-current={isOpen || undefined} onClick={open}>
        <span className={css["name"]}>{baseName(file.path)}</span>
        <span className={css["about"]}>{folder ? `${folder} · ${time}` : time}</span>
      </button>
      <IconButton
        small
        icon={MoreHorizontal}
        label={t("library.more", { name: baseName(file.path) })}
        onClick={(event) => setMenu(event.currentTarget)}
      />
      {menu && (
        <Menu
          anchor={menu}
          label={baseName(file.path)}
          entries={entries(file.path, open, t)}
          close={() => setMenu(null)}
        />
      )}
    </li>
  );
}

function entries(name: string, open: () => void, t: (key: string) => string): readonly MenuEntry[] {
  const show = (dialog: string) => () => useUi.getState().show(dialog, { name });
  return [
    { id: "open", label: t("library.open"), run: open },
    { id: "versions", label: t("command.versions"), run: show("files.versions") },
    { id: "compare", label: t("library.compare"), run: show("files.compare") },
    "line",
    { id: "rename", label: t("library.rename"), run: show("files.rename") },
    { id: "delete", label: t("library.delete"), danger: true, run: show("files.delete") },
  ];
}
