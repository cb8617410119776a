import { Search } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { allCommands, type Command } from "~/commands/registry";
import { keysFor } from "~/commands/keymap";
import { keyText } from "~/commands/keys";
import { indexed, search } from "~/core/search";
import { useSettings } from "~/stores/settings";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { TextField } from "~/ui/TextField";
import { KeyRow } from "./KeyRow";
import { byTopic } from "./topics";
import css from "./KeyHelp.module.css";

/** Commands found by title, topic or keys; all without a query. */
function useFound(query: string): readonly Command[] {
  const { t } = useTranslation();
  const keys = useSettings((s) => s.keys);
  return useMemo(() => {
    const commands = allCommands().filter((c) => !c.hidden);
    if (!query.trim()) return commands;
    const index = indexed(
      commands.map((c) => ({
        id: c.id,
        fields: [t(c.title), t(c.title, { lng: "en" }), c.id, ...keysFor(c.id, keys).map((k) => keyText(k))].map(
          (text) => ({ text, weight: 1 }),
        ),
      })),
    );
    const found = search(index, query).map((f) => f.id);
    return commands.filter((c) => found.includes(c.id));
  }, [query, keys, t]);
}

/** All commands with their keys; any may be given others. */
export function KeyHelp({ close }: { close(): void }) {
  const { t } = useTranslation("shell");
  const [query, setQuery] = useState("");
  const [editing, setEditing] = useState<string | null>(null);
  const commands = useFound(query);
  const changed = useSettings((s) => Object.keys(s.keys).length > 0);
  const reset = (
    <Button small disabled={!changed} onClick={() => useSettings.getState().change({ keys: {} })}>
      {t("keys.resetAll")}
    </Button>
  );
  return (
    <Dialog title={t("command.keys")} size="large" flush footer={reset} close={close}>
      <div className={css["search"]}>
        <TextField
          bare
          label={t("keys.search")}
          placeholder={t("keys.search")}
          icon={Search}
          data-first
          value={query}
          change={setQuery}
        />
        <p className={css["mouse"]}>{t("keys.mouse")}</p>
      </div>
      <div className={css["topics"]}>
        {byTopic(commands).map(([topic, some]) => (
          <section key={topic} className={css["topic"]} aria-label={t(`topic.${topic}`)}>
            <h3 className={css["name"]}>{t(`topic.${topic}`)}</h3>
            <ul>
              {some.map((command) => (
                <KeyRow key={command.id} command={command} editing={editing === command.id} edit={setEditing} />
              ))}
            </ul>
          </section>
        ))}
        {commands.length === 0 && <p className={css["none"]}>{t("commands.none")}</p>}
      </div>
    </Dialog>
  );
}
