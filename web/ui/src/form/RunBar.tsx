import { Play, Square } from "lucide-react";
import { useTranslation } from "react-i18next";
import { runCommand } from "~/commands/registry";
import { useKeys } from "~/commands/useKeys";
import { jobErrorText, problemText } from "~/i18n/problems";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { Button } from "~/ui/Button";
import { Kbd } from "~/ui/Kbd";
import css from "./Form.module.css";

/** Run and stop, how far it is, and what keeps it from running. */
export function RunBar() {
  const { t } = useTranslation("form");
  const state = useRun((s) => s.current?.state);
  const progress = useRun((s) => Math.round((s.current?.progress ?? 0) * 100));
  const ready = useServer((s) => s.ready && s.connection === "open");
  const keys = useKeys("run.queue");
  const busy = state === "running" || state === "queued";
  return (
    <div className={css["run"]}>
      <Trouble />
      <div className={css["buttons"]}>
        <Button
          kind="primary"
          icon={Play}
          className={css["go"]}
          disabled={!ready}
          onClick={() => runCommand("run.queue")}
        >
          {t("run")} {keys && <Kbd keys={keys} />}
        </Button>
        {busy && (
          <Button icon={Square} onClick={() => runCommand("run.interrupt")}>
            {t("stop")}
          </Button>
        )}
      </div>
      {busy && (
        <div className={css["progress"]}>
          <progress aria-label={t("progress")} max={100} value={state === "running" ? progress : undefined} />
          <span>{t(state === "running" ? "percent" : "queued", { n: progress })}</span>
        </div>
      )}
    </div>
  );
}

/** Errors, wherever they are: some may be at inputs that the form does not show. */
function Trouble() {
  const { t } = useTranslation("form");
  const found = useRun((s) => s.found);
  const error = useRun((s) => (s.current?.state === "error" ? s.current.error : null));
  const failed = error && jobErrorText(error);
  const errors = found.filter((p) => p.severity === "error");
  if (!errors.length && !failed) return null;
  return (
    <ul className={css["problems"]} aria-label={t("problems")}>
      {failed && <li>{failed}</li>}
      {errors.slice(0, 5).map((problem) => (
        <li key={`${problem.node} ${problem.input} ${problem.code}`}>{problemText(problem)}</li>
      ))}
    </ul>
  );
}
