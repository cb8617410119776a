import { History } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDoc } from "~/stores/doc";
import { frontTab } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { Empty } from "~/ui/Empty";
import { Spinner } from "~/ui/Spinner";
import { dialogArgs } from "./args";
import { listVersions, readVersion } from "./client";
import { compareWith } from "./compare";
import { tellFailure } from "./failures";
import { readAny } from "./open";
import type { Version } from "./schema";
import { newTab } from "./tabs";
import { baseName } from "./titles";
import css from "./Versions.module.css";

/** What a file held before it was saved again: to look at, to compare with, to bring back. */
export function Versions({ args, close }: { readonly args: unknown; close(): void }) {
  const { t } = useTranslation("files");
  const front = frontTab()?.file;
  const name = dialogArgs(args).name ?? (front?.kind === "server" ? front.name : "");
  const [versions, setVersions] = useState<readonly Version[] | null>(null);
  useEffect(() => {
    listVersions(name).then(setVersions, (error: unknown) => {
      tellFailure(error, name);
      setVersions([]);
    });
  }, [name]);
  return (
    <Dialog title={t("versions.title", { name: baseName(name) })} close={close}>
      {!versions && <Spinner />}
      {versions?.length === 0 && <Empty icon={History} title={t("versions.empty")} text={t("versions.emptyText")} />}
      <ul className={css["list"]}>
        {versions?.map((version) => (
          <Row key={version.id} name={name} version={version} close={close} />
        ))}
      </ul>
    </Dialog>
  );
}

function Row({ name, version, close }: { readonly name: string; readonly version: Version; close(): void }) {
  const { t, i18n } = useTranslation("files");
  const format = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "medium" });
  const time = format.format(version.modified);
  const title = t("versions.of", { name: baseName(name), time });
  const file = frontTab()?.file;
  const isFront = file?.kind === "server" && file.name === name;
  const use = (what: (read: Awaited<ReturnType<typeof readAny>>) => void) => () => {
    close();
    readVersion(name, version.id)
      .then(readAny)
      .then(what, (error: unknown) => tellFailure(error, name));
  };
  return (
    <li className={css["row"]}>
      <time className={css["time"]}>{time}</time>
      <Button small onClick={use(({ doc }) => newTab(doc, { kind: "local", name: title }))}>
        {t("versions.look")}
      </Button>
      {isFront && (
        <>
          <Button small onClick={use(({ doc }) => compareWith(doc, title))}>
            {t("versions.compare")}
          </Button>
          <Button small onClick={use(({ doc }) => restore(doc, time))}>
            {t("versions.restore")}
          </Button>
        </>
      )}
    </li>
  );
}

/** The version's document takes the place of the front tab's, as one step of undo. */
function restore(doc: ReturnType<typeof useDoc.getState>["doc"], time: string): void {
  useUi.getState().leave();
  useDoc.getState().edit({ key: "files:edit.restore" }, (draft) => void Object.assign(draft, doc));
  useUi.getState().toast("success", { key: "files:versions.restored", args: { time } });
}
