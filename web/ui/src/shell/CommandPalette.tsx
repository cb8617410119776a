import { Command as Cmdk } from "cmdk";
import i18next from "i18next";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { keysFor } from "~/commands/keymap";
import { allCommands, type Command, runCommand } from "~/commands/registry";
import { indexed, search } from "~/core/search";
import { useSettings } from "~/stores/settings";
import { likeliest, likely, use, useUsage } from "~/stores/usage";
import { Kbd } from "~/ui/Kbd";
import css from "./palette/AddNode.module.css";
import { Floating } from "./palette/Floating";
import { Marked } from "./palette/Marked";

const RECENT = 5;

/** Found by title in both languages and by id. */
const indexOf = (commands: readonly Command[]) =>
  indexed(
    commands.map(({ id, title }) => ({
      id,
      fields: [
        { text: i18next.t(title), weight: 1 },
        { text: i18next.t(title, { lng: "en" }), weight: 0.9 },
        { text: i18next.t(title, { lng: "vi" }), weight: 0.9 },
        { text: id, weight: 0.5 },
      ],
    })),
  );

/** What can be done now, the likeliest first. */
function useCommands(query: string): readonly Command[] {
  const uses = useUsage((s) => s.commands);
  return useMemo(() => {
    const usable = allCommands().filter((c) => !c.hidden && c.id !== "commands.open" && c.when?.() !== false);
    const byId = new Map(usable.map((c) => [c.id, c]));
    const pick = (ids: readonly string[]) => ids.flatMap((id) => byId.get(id) ?? []);
    if (query.trim()) return pick(search(indexOf(usable), query, (id) => likely(uses, id)).map((f) => f.id));
    const recent = pick(likeliest(uses, 40)).slice(0, RECENT);
    const rest = usable.filter((c) => !recent.includes(c));
    return [...recent, ...rest.toSorted((a, b) => i18next.t(a.title).localeCompare(i18next.t(b.title)))];
  }, [query, uses]);
}

/** Every command by name, with its keys. */
export function CommandPalette({ close }: { close(): void }) {
  const { t } = useTranslation();
  const chosen = useSettings((s) => s.keys);
  const [query, setQuery] = useState("");
  const commands = useCommands(query);
  const run = (command: Command) => {
    close();
    use("commands", command.id);
    // After the dialog gave the focus back.
    queueMicrotask(() => runCommand(command.id));
  };
  return (
    <Floating label={t("shell:command.commands")} close={close}>
      <Cmdk shouldFilter={false} loop label={t("shell:command.commands")} className={css["palette"]}>
        <div className={css["head"]}>
          <Cmdk.Input
            value={query}
            onValueChange={setQuery}
            placeholder={t("shell:commands.placeholder")}
            className={css["input"]}
          />
        </div>
        <Cmdk.List className={css["list"]}>
          <Cmdk.Empty className={css["none"]}>{t("shell:commands.none")}</Cmdk.Empty>
          {commands.map((command) => (
            <Cmdk.Item
              key={command.id}
              value={command.id}
              data-command={command.id}
              className={css["item"]}
              onSelect={() => run(command)}
            >
              <span className={css["label"]}>
                <Marked text={t(command.title)} query={query} />
              </span>
              <Keys keys={keysFor(command.id, chosen)[0]} />
            </Cmdk.Item>
          ))}
        </Cmdk.List>
      </Cmdk>
    </Floating>
  );
}

function Keys({ keys }: { readonly keys: string | undefined }) {
  return <span className={css["category"]}>{keys && <Kbd keys={keys} />}</span>;
}
