import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/schema";
import { useRun } from "~/stores/run";
import { IconButton } from "~/ui/Button";
import { jobTitle } from "./jobTitle";
import { ProgressBar } from "./ProgressBar";
import css from "./QueuePanel.module.css";
import { cancel } from "./run";
import { useLive } from "./state";

/** A job that runs: its progress, its preview if it is the one on the canvas, and a way to end it. */
export function RunningRow({ job }: { readonly job: Job }) {
  const { t } = useTranslation("live");
  const own = useRun((s) => (s.job === job.id ? (s.current?.progress ?? 0) : null));
  const preview = useLive((s) => (s.preview?.job === job.id ? s.preview.url : null));
  const steps = Object.values(job.progress);
  const told = steps.reduce((sum, p) => sum + (p.total ? p.done / p.total : 0), 0) / Math.max(1, steps.length);
  const step = steps[0];
  return (
    <li className={css["row"]} data-state="running">
      {preview && <img className={css["thumb"]} src={preview} alt={t("preview.alt")} />}
      <div className={css["body"]}>
        <strong className={css["name"]}>{jobTitle(job, t)}</strong>
        <ProgressBar label={jobTitle(job, t)} value={own ?? told} />
        {step && step.total > 0 && (
          <small className={css["about"]}>{t("progress.step", { done: step.done, total: step.total })}</small>
        )}
      </div>
      <IconButton icon={X} small label={t("queue.cancel")} onClick={() => void cancel(job.id)} />
    </li>
  );
}
