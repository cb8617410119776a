import { CirclePause, ListX, Play } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/schema";
import { runCommand } from "~/commands/registry";
import { Button } from "~/ui/Button";
import { History } from "./History";
import { QueuedRow } from "./QueuedRow";
import css from "./QueuePanel.module.css";
import { readQueue, setPaused } from "./queue";
import { RunningRow } from "./RunningRow";
import { useLive } from "./state";

const NONE: readonly Job[] = [];
/** Milliseconds between two looks at what runs, while the panel is open. */
const LOOK = 1000;

/** What runs, what waits, what was: each job with what can be done to it. */
export function QueuePanel() {
  const { t } = useTranslation("live");
  const running = useLive((s) => s.queue?.running ?? NONE);
  const queued = useLive((s) => s.queue?.queued ?? NONE);
  const paused = useLive((s) => s.queue?.paused ?? false);
  const busy = running.length > 0;
  useEffect(() => {
    void readQueue();
    if (!busy) return undefined;
    const timer = setInterval(() => void readQueue(), LOOK);
    return () => clearInterval(timer);
  }, [busy]);
  return (
    <div className={css["panel"]}>
      <div className={css["tools"]}>
        <Button small icon={paused ? Play : CirclePause} aria-pressed={paused} onClick={() => void setPaused(!paused)}>
          {t(paused ? "queue.resume" : "queue.pause")}
        </Button>
        <Button small icon={ListX} disabled={!queued.length} onClick={() => runCommand("queue.clear")}>
          {t("queue.clear")}
        </Button>
      </div>
      {paused && <p className={css["note"]}>{t("queue.paused")}</p>}
      {running.length > 0 && (
        <section aria-label={t("queue.running")}>
          <h3 className={css["title"]}>{t("queue.running")}</h3>
          <ul className={css["list"]}>
            {running.map((job) => (
              <RunningRow key={job.id} job={job} />
            ))}
          </ul>
        </section>
      )}
      <section aria-label={t("queue.waiting")}>
        <h3 className={css["title"]}>
          {t("queue.waiting")}
          <span className={css["count"]}>{queued.length}</span>
        </h3>
        {queued.length === 0 && <p className={css["nothing"]}>{t("queue.nothing")}</p>}
        <ol className={css["list"]}>
          {queued.map((job, at) => (
            <QueuedRow key={job.id} job={job} before={queued[at - 1]} behind={queued[at + 1]} after={queued[at + 2]} />
          ))}
        </ol>
      </section>
      <History />
    </div>
  );
}
