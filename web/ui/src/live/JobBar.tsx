import { useTranslation } from "react-i18next";
import { useRun } from "~/stores/run";
import css from "./Bars.module.css";
import { ProgressBar } from "./ProgressBar";

/** The progress of the whole job, as a line under the top bar. */
export function JobBar() {
  const { t } = useTranslation("live");
  const running = useRun((s) => s.current?.state === "running");
  const progress = useRun((s) => Math.round((s.current?.progress ?? 0) * 200) / 200);
  if (!running) return null;
  return (
    <div className={css["edge"]}>
      <ProgressBar label={t("progress.job")} value={progress || null} className={css["job"]} />
    </div>
  );
}
