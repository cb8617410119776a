import { ArrowDown, ArrowUp, ArrowUpToLine, Pause, Play, X } from "lucide-react";
import { type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "~/api/schema";
import { IconButton } from "~/ui/Button";
import { jobTitle } from "./jobTitle";
import css from "./QueuePanel.module.css";
import { change, move } from "./queue";
import { cancel } from "./run";

const JOB = "application/x-inkwater-job";

interface Props {
  readonly job: Job;
  /** Its neighbours: the one before it, behind it, and behind that. */
  readonly before: Job | undefined;
  readonly behind: Job | undefined;
  readonly after: Job | undefined;
}

/** A job that waits: drag it, or move it with its buttons. */
export function QueuedRow({ job, before, behind, after }: Props) {
  const { t, i18n } = useTranslation("live");
  const [over, setOver] = useState(false);
  const held = job.state === "held";
  const drop = (event: DragEvent) => {
    setOver(false);
    const id = event.dataTransfer.getData(JOB);
    if (!id || id === job.id) return;
    event.preventDefault();
    void move(id, { before: job.id });
  };
  const hover = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes(JOB)) return;
    event.preventDefault();
    setOver(true);
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- its buttons do the same by keyboard
    <li
      className={css["row"]}
      data-job={job.id}
      data-state={job.state}
      data-over={over || undefined}
      draggable
      onDragStart={(event) => event.dataTransfer.setData(JOB, job.id)}
      onDragOver={hover}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div className={css["body"]}>
        <strong className={css["name"]}>{jobTitle(job, t)}</strong>
        <small className={css["about"]}>
          {held
            ? t("queue.held")
            : new Date(job.created * 1000).toLocaleTimeString(i18n.language, { timeStyle: "short" })}
        </small>
      </div>
      <div className={css["acts"]}>
        <IconButton
          icon={ArrowUpToLine}
          small
          label={t("queue.front")}
          disabled={!before}
          onClick={() => void move(job.id, "front")}
        />
        <IconButton
          icon={ArrowUp}
          small
          label={t("queue.up")}
          disabled={!before}
          onClick={() => before && void move(job.id, { before: before.id })}
        />
        <IconButton
          icon={ArrowDown}
          small
          label={t("queue.down")}
          disabled={!behind}
          onClick={() => void move(job.id, after ? { before: after.id } : "back")}
        />
        <IconButton
          icon={held ? Play : Pause}
          small
          label={t(held ? "queue.release" : "queue.hold")}
          onClick={() => void change(job.id, held ? "release" : "hold")}
        />
        <IconButton icon={X} small label={t("queue.cancel")} onClick={() => void cancel(job.id)} />
      </div>
    </li>
  );
}
