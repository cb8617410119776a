/** Which packs are installed, what they add, and why one is not on. */

import { Puzzle } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Dialog } from "~/ui/Dialog";
import { Empty } from "~/ui/Empty";
import css from "./PacksDialog.module.css";
import { type PackState, usePacks } from "./state";

export function PacksDialog({ close }: { args: unknown; close(): void }) {
  const { t } = useTranslation("packs");
  const packs = usePacks((s) => s.packs);
  const rows = Object.entries(packs).toSorted(([, a], [, b]) => a.name.localeCompare(b.name));
  return (
    <Dialog title={t("title")} close={close}>
      {rows.length === 0 && <Empty icon={Puzzle} title={t("none")} text={t("noneText")} />}
      <ul className={css["list"]}>
        {rows.map(([address, pack]) => (
          <Row key={address} pack={pack} />
        ))}
      </ul>
    </Dialog>
  );
}

function Row({ pack }: { pack: PackState }) {
  const { t } = useTranslation("packs");
  return (
    <li className={css["row"]} data-state={pack.state}>
      <span className={css["name"]}>{pack.name}</span>
      <span className={css["facts"]}>{t("nodes", { count: pack.nodes })}</span>
      {pack.editor && <span className={css["facts"]}>{t("adds")}</span>}
      <span className={css["state"]}>{t(`state.${pack.state}`)}</span>
      {pack.why && <p className={css["why"]}>{pack.why}</p>}
    </li>
  );
}
