import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Settings, settingsOf, useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { Select } from "~/ui/Select";
import { Switch } from "~/ui/Switch";
import { Tabs } from "~/ui/Tabs";
import { PAGES, type Row } from "./rows";
import css from "./SettingsDialog.module.css";

/** Change one setting; a value that it cannot have changes nothing. */
function set(key: keyof Settings, value: unknown): void {
  const before = useSettings.getState();
  const read = settingsOf({ ...before, [key]: value });
  if (read[key] === value) before.change({ [key]: value });
}

/** All as at the start; the keys have a button of their own. */
function reset(): void {
  const { keys, reset: all, change } = useSettings.getState();
  all();
  change({ keys });
}

/** All settings; each works at once. */
export function SettingsDialog({ close }: { close(): void }) {
  const { t } = useTranslation("shell");
  const [page, setPage] = useState<string>("look");
  const rows = PAGES.find((p) => p.id === page)?.rows ?? [];
  const footer = (
    <>
      <Button onClick={() => useUi.getState().show("keys")}>{t("command.keys")}</Button>
      <Button onClick={reset}>{t("settings.reset")}</Button>
    </>
  );
  return (
    <Dialog title={t("command.settings")} flush footer={footer} close={close}>
      <Tabs
        label={t("command.settings")}
        tabs={PAGES.map(({ id }) => ({ id, label: t(`settings.page.${id}`) }))}
        chosen={page}
        choose={setPage}
        className={css["tabs"]}
      >
        <div className={css["rows"]}>
          {rows.map((row) => (
            <Setting key={row.key} row={row} />
          ))}
        </div>
      </Tabs>
    </Dialog>
  );
}

function Setting({ row }: { readonly row: Row }) {
  const { t } = useTranslation("shell");
  const id = useId();
  const help = t(`settings.${row.key}.help`, { defaultValue: "" });
  return (
    <div className={css["row"]}>
      <div className={css["words"]}>
        <label htmlFor={id}>{t(`settings.${row.key}.title`)}</label>
        {help && <p className={css["help"]}>{help}</p>}
      </div>
      <Control row={row} id={id} />
    </div>
  );
}

function Control({ row, id }: { readonly row: Row; readonly id: string }) {
  const { t } = useTranslation("shell");
  const value = useSettings((s) => s[row.key]);
  if (row.kind === "switch") return <Switch id={id} on={value === true} change={(on) => set(row.key, on)} />;
  if (row.kind === "choice")
    return (
      <Select
        id={id}
        bare
        label={t(`settings.${row.key}.title`)}
        value={String(value)}
        options={row.of.map((one) => ({ value: one, label: t(`settings.${row.key}.${one}`) }))}
        change={(one) => set(row.key, one)}
        className={css["control"]}
      />
    );
  return (
    <span className={css["range"]}>
      <input
        id={id}
        type="range"
        min={row.min}
        max={row.max}
        step={row.step}
        value={Number(value)}
        onChange={(event) => set(row.key, event.target.valueAsNumber)}
      />
      <output htmlFor={id}>{String(value)}</output>
    </span>
  );
}
