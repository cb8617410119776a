import { TriangleAlert, X } from "lucide-react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { Button, IconButton } from "~/ui/Button";
import css from "./Notice.module.css";
import { dismissNotice, type Notice, useNotices } from "./notices";

/** A line under the bar: the file in front asks for something that is not here. */
export function NoticeBar() {
  const { t } = useTranslation("files");
  const front = useTabs((s) => s.front);
  const told = useNotices((s) => s.notices[front]);
  if (!told) return null;
  return (
    <div className={css["bar"]}>
      <TriangleAlert size={16} />
      <output className={css["text"]}>{summary(told, t)}</output>
      <Button small onClick={() => useUi.getState().show("files.notice", { id: front })}>
        {t("notice.details")}
      </Button>
      <IconButton small icon={X} label={t("notice.dismiss")} onClick={() => dismissNotice(front)} />
    </div>
  );
}

type Say = TFunction<"files">;

/** What is missing in a line; what was lost, if nothing is missing. */
function summary({ missing, problems, warnings }: Notice, t: Say): string {
  const parts = [
    missing.types.length && t("notice.types", { count: missing.types.length }),
    missing.files.length && t("notice.files", { count: missing.files.length }),
    problems.length + warnings.length && t("notice.problems", { count: problems.length + warnings.length }),
  ].filter((part) => typeof part === "string");
  return parts.join(" · ");
}
