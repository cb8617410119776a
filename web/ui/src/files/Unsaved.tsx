import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { dialogArgs } from "./args";
import { save } from "./save";
import { dropTab } from "./tabs";
import { useTitle } from "./titles";

/** Asks before a tab with changes is closed. */
export function Unsaved({ args, close }: { readonly args: unknown; close(): void }) {
  const { t } = useTranslation("files");
  const id = dialogArgs(args).id ?? "";
  const title = useTitle(id);
  const saveFirst = async () => {
    close();
    if (await save(id)) dropTab(id);
  };
  const discard = () => {
    close();
    dropTab(id);
  };
  return (
    <Dialog
      size="small"
      title={t("unsaved.title", { title })}
      close={close}
      footer={
        <>
          <Button kind="danger" onClick={discard}>
            {t("unsaved.discard")}
          </Button>
          <Button onClick={close}>{t("cancel")}</Button>
          <Button kind="primary" data-first onClick={() => void saveFirst()}>
            {t("command.save")}
          </Button>
        </>
      }
    >
      <p>{t("unsaved.text")}</p>
    </Dialog>
  );
}
