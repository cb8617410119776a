import { ChevronDown, Play, Square } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { runCommand } from "~/commands/registry";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { IconButton } from "~/ui/Button";
import { tip } from "~/ui/Tooltip";
import { RunMenu } from "./RunMenu";
import css from "./RunButton.module.css";
import { useLive } from "./state";

const Stop = () => <Square size={13} aria-hidden fill="currentColor" />;

/** Run, stop, how often and when: the main button of the top bar. */
export function RunButton() {
  const { t } = useTranslation("live");
  const running = useRun((s) => s.current?.state === "running" || s.current?.state === "queued");
  const mode = useLive((s) => s.mode);
  const batch = useLive((s) => s.batch);
  const waiting = useLive((s) => (s.queue ? s.queue.running.length + s.queue.queued.length : 0));
  const ready = useServer((s) => s.ready && s.connection === "open");
  const [anchor, setAnchor] = useState<Element | null>(null);
  return (
    <div className={css["group"]}>
      <button
        type="button"
        className={css["run"]}
        data-mode={mode}
        disabled={!ready}
        onClick={(event) => runCommand(event.shiftKey ? "run.front" : "run.queue")}
        {...tip(t("run.hint"), "Mod+Enter")}
      >
        <Play size={13} aria-hidden fill="currentColor" />
        <span className={css["word"]}>{t(`run.mode.${mode}.button`)}</span>
        {batch > 1 && <span className={css["count"]}>{t("run.times", { n: batch })}</span>}
      </button>
      <button
        type="button"
        className={css["more"]}
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        aria-label={t("run.options")}
        {...tip(t("run.options"))}
        onClick={(event) => setAnchor(anchor ? null : event.currentTarget)}
      >
        <ChevronDown size={14} aria-hidden />
      </button>
      {anchor && <RunMenu anchor={anchor} close={() => setAnchor(null)} />}
      <IconButton
        icon={Stop}
        className={css["stop"]}
        label={t("command.interrupt")}
        keys="Mod+Alt+Enter"
        disabled={!running && !waiting}
        onClick={() => runCommand("run.interrupt")}
      />
    </div>
  );
}
