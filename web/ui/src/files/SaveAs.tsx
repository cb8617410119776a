import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { TextField } from "~/ui/TextField";
import { dialogArgs } from "./args";
import { fileName, saveAs } from "./save";
import { titleOf } from "./titles";

/** Asks for the name of a file on the server. A name that is taken is said to be, and may be replaced. */
export function SaveAs({ args, close }: { readonly args: unknown; close(): void }) {
  const { t } = useTranslation("files");
  const id = useTabs((s) => dialogArgs(args).id ?? s.front);
  const tab = useTabs((s) => s.tabs.find((one) => one.id === id));
  const [name, setName] = useState(() =>
    tab ? nameFor(tab.file?.kind === "server" ? tab.file.name : titleOf(tab)) : "",
  );
  const [taken, setTaken] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const isTaken = taken !== null && taken === fileName(name);
  const submit = async () => {
    if (!name.trim()) return;
    setBusy(true);
    const done = await saveAs(name, isTaken, id);
    setBusy(false);
    if (!done) return setTaken(fileName(name));
    close();
    useUi.getState().toast("success", { key: "files:saved", args: { name: name.trim() } });
  };
  return (
    <Dialog
      size="small"
      title={t("saveAs.title")}
      close={close}
      footer={
        <>
          <Button onClick={close}>{t("cancel")}</Button>
          <Button
            kind={isTaken ? "danger" : "primary"}
            busy={busy}
            disabled={!name.trim()}
            onClick={() => void submit()}
          >
            {t(isTaken ? "saveAs.replace" : "command.save")}
          </Button>
        </>
      }
    >
      <TextField
        label={t("saveAs.name")}
        value={name}
        change={setName}
        data-first
        maxLength={200}
        hint={t("saveAs.hint")}
        error={isTaken ? t("saveAs.taken") : undefined}
        onFocus={(event) => event.target.select()}
        onKeyDown={(event) => event.key === "Enter" && !event.nativeEvent.isComposing && void submit()}
      />
    </Dialog>
  );
}

const nameFor = (title: string): string => title.replace(/\.(json|png|webp|jpe?g|txt)$/i, "").replaceAll(/[\\:]/g, " ");
