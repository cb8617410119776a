import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { RecordChoice } from "~/recording/RecordChoice";
import { Popover } from "~/ui/Popover";
import { Switch } from "~/ui/Switch";
import { setNotices, wantsNotices } from "./announce";
import css from "./RunMenu.module.css";
import { type RunMode, useLive } from "./state";

const MODES: readonly RunMode[] = ["once", "change", "instant"];
export const MOST_RUNS = 100;

const within = (text: string): number => Math.min(MOST_RUNS, Math.max(1, Math.round(Number(text)) || 1));

/** How often one press queues, and whether runs begin by themselves. */
export function RunMenu({ anchor, close }: { readonly anchor: Element; close(): void }) {
  const { t } = useTranslation("live");
  const mode = useLive((s) => s.mode);
  const batch = useLive((s) => s.batch);
  const id = useId();
  return (
    <Popover anchor={anchor} label={t("run.options")} className={css["menu"]} close={close}>
      <div className={css["batch"]}>
        <label htmlFor={`${id}-batch`}>{t("run.batch")}</label>
        <input
          id={`${id}-batch`}
          type="number"
          min={1}
          max={MOST_RUNS}
          value={batch}
          onChange={(event) => useLive.setState({ batch: within(event.target.value) })}
        />
      </div>
      <fieldset className={css["modes"]}>
        <legend>{t("run.when")}</legend>
        {MODES.map((name) => (
          <div key={name} className={css["mode"]}>
            <input
              type="radio"
              id={`${id}-${name}`}
              name={id}
              checked={mode === name}
              aria-describedby={`${id}-${name}-help`}
              onChange={() => useLive.setState({ mode: name })}
            />
            <label htmlFor={`${id}-${name}`}>{t(`run.mode.${name}.title`)}</label>
            <p id={`${id}-${name}-help`}>{t(`run.mode.${name}.help`)}</p>
          </div>
        ))}
      </fieldset>
      <RecordChoice />
      {typeof Notification !== "undefined" && <Notices />}
    </Popover>
  );
}

/** Whether the system tells when a run ends while the page is not looked at. */
function Notices() {
  const { t } = useTranslation("live");
  const [on, setOn] = useState(wantsNotices);
  const id = useId();
  return (
    <div className={css["notices"]}>
      <label htmlFor={id}>{t("notice.want")}</label>
      <Switch id={id} on={on} change={(next) => void setNotices(next).then(setOn)} />
    </div>
  );
}
