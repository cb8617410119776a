import { useTranslation } from "react-i18next";
import { type Settings, useSettings } from "~/stores/settings";
import css from "./RecordChoice.module.css";
import { Segments } from "./Segments";

const CHOICES: readonly Settings["record"][] = ["off", "steps", "attention"];

/** Whether runs are recorded, and how much of them. */
export function RecordChoice() {
  const { t } = useTranslation("recording");
  const record = useSettings((s) => s.record);
  return (
    <div className={css["choice"]}>
      <Segments
        label={t("record.title")}
        value={record}
        options={CHOICES.map((value: Settings["record"]) => ({ value, label: t(`record.${value}`) }))}
        help={t(`record.help.${record}`)}
        change={(next) => useSettings.getState().change({ record: next })}
      />
    </div>
  );
}
