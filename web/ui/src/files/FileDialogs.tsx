import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { TextField } from "~/ui/TextField";
import { dialogArgs } from "./args";
import { FileList } from "./FileList";
import css from "./FileDialogs.module.css";
import { removeFile, renameFile } from "./library";
import { openFiles } from "./open";
import { pickFiles } from "./pick";
import { baseName } from "./titles";

interface DialogProps {
  readonly args: unknown;
  close(): void;
}

/** The user's workflows on the server, to open one; or a file of this computer. */
export function OpenDialog({ close }: DialogProps) {
  const { t } = useTranslation("files");
  const pick = async () => {
    const files = await pickFiles();
    if (!files.length) return;
    close();
    await openFiles(files);
  };
  return (
    <Dialog
      title={t("library.title")}
      flush
      close={close}
      footer={<Button onClick={() => void pick()}>{t("command.open")}</Button>}
    >
      <div className={css["files"]}>
        <FileList focus done={close} />
      </div>
    </Dialog>
  );
}

/** Asks for another name of a file. */
export function RenameDialog({ args, close }: DialogProps) {
  const { t } = useTranslation("files");
  const old = dialogArgs(args).name ?? "";
  const [name, setName] = useState(old.replace(/\.json$/i, ""));
  const [error, setError] = useState<string>();
  const submit = async () => {
    const wrong = await renameFile(old, name);
    if (wrong === null) close();
    else setError(wrong);
  };
  return (
    <Dialog
      size="small"
      title={t("rename.title", { name: baseName(old) })}
      close={close}
      footer={
        <>
          <Button onClick={close}>{t("cancel")}</Button>
          <Button kind="primary" disabled={!name.trim()} onClick={() => void submit()}>
            {t("rename.do")}
          </Button>
        </>
      }
    >
      <TextField
        label={t("saveAs.name")}
        value={name}
        change={setName}
        error={error}
        data-first
        maxLength={200}
        onFocus={(event) => event.target.select()}
        onKeyDown={(event) => event.key === "Enter" && !event.nativeEvent.isComposing && void submit()}
      />
    </Dialog>
  );
}

/** Asks before a file is deleted. */
export function DeleteDialog({ args, close }: DialogProps) {
  const { t } = useTranslation("files");
  const name = dialogArgs(args).name ?? "";
  const remove = () => {
    close();
    void removeFile(name);
  };
  return (
    <Dialog
      size="small"
      title={t("delete.title", { name: baseName(name) })}
      close={close}
      footer={
        <>
          <Button data-first onClick={close}>
            {t("cancel")}
          </Button>
          <Button kind="danger" onClick={remove}>
            {t("library.delete")}
          </Button>
        </>
      }
    >
      <p>{t("delete.text")}</p>
    </Dialog>
  );
}
