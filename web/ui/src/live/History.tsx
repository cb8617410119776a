import { FolderOpen, ImageOff, RotateCcw, Trash2 } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { nameOf, thumbnailUrl } from "~/api/files";
import type { Job, Place } from "~/api/schema";
import { jobErrorText } from "~/i18n/problems";
import { Choosing, JobActs } from "~/recording/JobActs";
import { Button, IconButton } from "~/ui/Button";
import { secondsText } from "./format";
import { forgetJob, jobPage, resultsOf } from "./history";
import { jobTitle } from "./jobTitle";
import { showPictures } from "./NodeResult";
import { openJob } from "./open";
import css from "./QueuePanel.module.css";
import { change } from "./queue";
import { complain } from "./run";
import { picturesIn } from "./shown";
import { onEnded } from "./state";

interface Listed {
  readonly jobs: readonly Job[];
  readonly next: string | null;
}

/** Jobs that are over, newest first. */
export function History() {
  const { t } = useTranslation("live");
  const [listed, setListed] = useState<Listed>({ jobs: [], next: null });
  const read = useCallback(() => void jobPage(null).then(setListed, () => {}), []);
  useEffect(read, [read]);
  useEffect(() => onEnded(read), [read]);
  const more = () =>
    void jobPage(listed.next).then((page) => setListed((s) => ({ jobs: [...s.jobs, ...page.jobs], next: page.next })));
  const forget = (id: string) => void forgetJob(id).then(read, complain);
  if (!listed.jobs.length) return null;
  return (
    <section aria-label={t("queue.history")}>
      <h3 className={css["title"]}>{t("queue.history")}</h3>
      <Choosing />
      <ul className={css["list"]}>
        {listed.jobs.map((job) => (
          <EndedRow key={job.id} job={job} forget={forget} />
        ))}
      </ul>
      {listed.next !== null && (
        <Button small kind="quiet" onClick={more}>
          {t("queue.more")}
        </Button>
      )}
    </section>
  );
}

function EndedRow({ job, forget }: { readonly job: Job; forget(id: string): void }) {
  const { t, i18n } = useTranslation("live");
  const pictures = usePictures(job);
  const [first] = pictures;
  const [gone, setGone] = useState(false);
  const when = new Date((job.ended ?? job.created) * 1000);
  const took = job.started !== null && job.ended !== null ? secondsText(job.ended - job.started) : "";
  // That it went well needs no word: it stands among what is done, with its picture.
  const state = job.state === "success" && first ? "" : t(`state.${job.state}`);
  const about = [when.toLocaleTimeString(i18n.language, { timeStyle: "short" }), took, state];
  return (
    <li className={css["row"]} data-state={job.state}>
      {first && (
        <button
          type="button"
          className={css["open"]}
          onClick={() => showPictures(pictures, 0)}
          aria-label={t("result.open", { name: first.filename })}
        >
          {gone ? (
            <ImageOff size={18} className={css["thumb"]} aria-hidden />
          ) : (
            <img
              className={css["thumb"]}
              src={thumbnailUrl(first, 96)}
              alt=""
              loading="lazy"
              onError={() => setGone(true)}
            />
          )}
        </button>
      )}
      <div className={css["body"]}>
        <strong className={css["name"]}>{jobTitle(job, t)}</strong>
        <small className={css["about"]} title={when.toLocaleString(i18n.language)}>
          {about.filter(Boolean).join(" · ")}
        </small>
        {job.error?.message && <small className={css["error"]}>{jobErrorText(job.error)}</small>}
      </div>
      <div className={css["acts"]}>
        {job.state === "parked" && (
          <IconButton icon={RotateCcw} small label={t("queue.retry")} onClick={() => void change(job.id, "retry")} />
        )}
        {job.state !== "parked" && <JobActs job={job} />}
        <IconButton icon={FolderOpen} small label={t("queue.open")} onClick={() => void openJob(job.id)} />
        {job.state !== "parked" && (
          <IconButton icon={Trash2} small label={t("queue.forget")} onClick={() => forget(job.id)} />
        )}
      </div>
    </li>
  );
}

const NONE: readonly Place[] = [];

/** Each picture once: what is shown inside an expansion is shown by the node that expanded, too. */
const once = (pictures: readonly Place[]): Place[] => [
  ...new Map(pictures.map((place) => [`${place.type} ${nameOf(place)}`, place])).values(),
];

function usePictures(job: Job): readonly Place[] {
  const [pictures, setPictures] = useState(NONE);
  useEffect(() => {
    let gone = false;
    resultsOf(job.id).then(
      (results) => !gone && setPictures(once(Object.values(results.shown).flatMap(picturesIn))),
      () => {},
    );
    return () => void (gone = true);
  }, [job.id]);
  return pictures;
}
