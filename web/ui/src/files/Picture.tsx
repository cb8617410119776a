import { ImagePlus } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { addNode } from "~/core/edits/nodes";
import type { NodeId, Point } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { scopeOf, useUi } from "~/stores/ui";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { dialogArgs } from "./args";
import { uploadPicture } from "./client";
import { tellFailure } from "./failures";
import css from "./Picture.module.css";

const TYPE = "LoadImage";
/** Canvas units between two nodes that are added together. */
const STEP = 40;

/** Pictures that carry no workflow: they may become nodes that load them. */
export function Picture({ args, close }: { readonly args: unknown; close(): void }) {
  const { t } = useTranslation("files");
  const { files = [], at = [0, 0] } = dialogArgs(args);
  const [busy, setBusy] = useState(false);
  const known = useServer((s) => s.registry[TYPE] !== undefined);
  const add = async () => {
    setBusy(true);
    await addPictures(files, at);
    close();
  };
  return (
    <Dialog
      size="small"
      title={t("picture.title", { count: files.length })}
      close={close}
      footer={
        <>
          <Button onClick={close}>{t("cancel")}</Button>
          <Button kind="primary" icon={ImagePlus} busy={busy} disabled={!known} data-first onClick={() => void add()}>
            {t("picture.add", { count: files.length })}
          </Button>
        </>
      }
    >
      <p>{t("picture.text", { count: files.length })}</p>
      <ul className={css["list"]}>
        {files.map((file) => (
          <Thumb key={`${file.name} ${file.size} ${file.lastModified}`} file={file} />
        ))}
      </ul>
    </Dialog>
  );
}

function Thumb({ file }: { readonly file: File }) {
  const url = useMemo(() => URL.createObjectURL(file), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return (
    <li className={css["item"]}>
      <img src={url} alt="" className={css["thumb"]} />
      <span className={css["name"]}>{file.name}</span>
    </li>
  );
}

/** Put pictures among the server's inputs, and a node for each on the canvas; they are one step of undo. */
export async function addPictures(files: readonly File[], [x, y]: Point): Promise<void> {
  const names: string[] = [];
  for (const file of files) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, in their order
      names.push(await uploadPicture(file));
    } catch (error) {
      tellFailure(error, file.name);
    }
  }
  const type = useServer.getState().registry[TYPE];
  if (!type || !names.length) return;
  const scope = scopeOf(useUi.getState().path);
  const ids: NodeId[] = [];
  useServer.setState((s) => ({ files: { ...s.files, input: [...new Set([...(s.files["input"] ?? []), ...names])] } }));
  useDoc.getState().edit({ key: "files:edit.pictures", args: { count: names.length } }, (d) => {
    for (const [i, image] of names.entries())
      ids.push(addNode(d, scope, type, [x + i * STEP, y + i * STEP], { image }));
  });
  useUi.getState().select(ids);
}
