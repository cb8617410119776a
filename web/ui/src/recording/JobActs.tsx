import { Clapperboard, GitCompareArrows, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/schema";
import { jobTitle } from "~/live/jobTitle";
import { IconButton } from "~/ui/Button";
import { choose, endChoosing, useChoosing } from "./choose";
import css from "./JobActs.module.css";
import { openRecording } from "./open";

/** What can be done with a job that is over: look at its recording, compare it with another. */
export function JobActs({ job }: { readonly job: Job }) {
  const { t } = useTranslation("recording");
  const first = useChoosing((s) => s.first);
  const mine = first?.id === job.id;
  return (
    <>
      {job.recorded && (
        <IconButton icon={Clapperboard} small label={t("job.look")} onClick={() => openRecording(job.id)} />
      )}
      <IconButton
        icon={GitCompareArrows}
        small
        pressed={mine}
        label={t(first && !mine ? "job.with" : "job.why")}
        onClick={() => choose(job)}
      />
    </>
  );
}

/** While one of two jobs is chosen: which, and what to do now. */
export function Choosing() {
  const { t } = useTranslation("recording");
  const { t: live } = useTranslation("live");
  const first = useChoosing((s) => s.first);
  return (
    <output className={css["status"]}>
      {first && (
        <span className={css["choosing"]}>
          <span>{t("job.choosing", { title: jobTitle(first, live) })}</span>
          <IconButton icon={X} small label={t("job.end")} onClick={endChoosing} />
        </span>
      )}
    </output>
  );
}
