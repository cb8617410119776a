import { Redo2, Undo2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { usePhone } from "~/app/useMedia";
import { runCommand } from "~/commands/registry";
import { useKeys } from "~/commands/useKeys";
import { useDoc } from "~/stores/doc";
import { IconButton } from "~/ui/Button";
import { useTold } from "./told";

/** Undo and redo; each says what it would do. */
export function UndoButtons() {
  const { t } = useTranslation("shell");
  const told = useTold();
  const undo = useDoc((s) => s.past.at(-1)?.label);
  const redo = useDoc((s) => s.future.at(-1)?.label);
  const keys = [useKeys("edit.undo"), useKeys("edit.redo")];
  const phone = usePhone();
  return (
    <>
      <IconButton
        icon={Undo2}
        label={undo ? t("undo.of", { what: told(undo) }) : t("command.undo")}
        keys={keys[0]}
        disabled={!undo}
        onClick={() => runCommand("edit.undo")}
      />
      {!phone && (
        <IconButton
          icon={Redo2}
          label={redo ? t("redo.of", { what: told(redo) }) : t("command.redo")}
          keys={keys[1]}
          disabled={!redo}
          onClick={() => runCommand("edit.redo")}
        />
      )}
    </>
  );
}
