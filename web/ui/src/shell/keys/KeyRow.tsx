import { Pencil, RotateCcw, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { clashes, keysFor } from "~/commands/keymap";
import { keysOf, keyText } from "~/commands/keys";
import type { Command } from "~/commands/registry";
import { useSettings } from "~/stores/settings";
import { Button, IconButton } from "~/ui/Button";
import { Kbd } from "~/ui/Kbd";
import css from "./KeyHelp.module.css";

/** Give a command these keys; null: those it had at the start. */
export function setKeys(id: string, keys: readonly string[] | null): void {
  const { keys: chosen, change } = useSettings.getState();
  const { [id]: _, ...rest } = chosen;
  change({ keys: keys === null ? rest : { ...rest, [id]: [...keys] } });
}

/** Give keys to a command and take them from those that had them in the same place. */
export function takeKeys(id: string, keys: string): void {
  const chosen = useSettings.getState().keys;
  for (const other of clashes(id, keys, chosen))
    setKeys(
      other.id,
      keysFor(other.id, chosen).filter((k) => k !== keys),
    );
  setKeys(id, [...keysFor(id, useSettings.getState().keys).filter((k) => k !== keys), keys]);
}

interface KeyRowProps {
  readonly command: Command;
  readonly editing: boolean;
  edit(id: string | null): void;
}

/** A command and its keys; while it is edited, the next keys that are pressed become its own. */
export function KeyRow({ command, editing, edit }: KeyRowProps) {
  const { t } = useTranslation();
  const chosen = useSettings((s) => s.keys);
  const keys = keysFor(command.id, chosen);
  const name = t(command.title);
  const shared = keys.flatMap((k) => clashes(command.id, k, chosen));
  return (
    <li className={css["row"]} data-command={command.id}>
      <span className={css["title"]}>{name}</span>
      {shared.length > 0 && !editing && (
        <span className={css["clash"]}>{t("shell:keys.shared", { other: t(shared[0]?.title ?? "") })}</span>
      )}
      <span className={css["keys"]}>
        {keys.map((k) => (
          <span key={k} className={css["one"]}>
            <Kbd keys={k} />
            {editing && (
              <IconButton
                small
                icon={X}
                label={t("shell:keys.remove", { keys: keyText(k) })}
                onClick={() =>
                  setKeys(
                    command.id,
                    keys.filter((other) => other !== k),
                  )
                }
              />
            )}
          </span>
        ))}
      </span>
      {editing && command.id in chosen && (
        <IconButton small icon={RotateCcw} label={t("shell:keys.reset")} onClick={() => setKeys(command.id, null)} />
      )}
      <IconButton
        small
        icon={editing ? X : Pencil}
        label={editing ? t("app:close") : t("shell:keys.change", { command: name })}
        pressed={editing}
        onClick={() => edit(editing ? null : command.id)}
      />
      {editing && <Recorder command={command} done={() => edit(null)} />}
    </li>
  );
}

/** Waits for keys. Those that another command has are taken only when that was confirmed. */
function Recorder({ command, done }: { readonly command: Command; done(): void }) {
  const { t } = useTranslation();
  const box = useRef<HTMLInputElement>(null);
  const chosen = useSettings((s) => s.keys);
  const [pressed, setPressed] = useState<string | null>(null);
  useEffect(() => box.current?.focus(), []);
  const others = pressed === null ? [] : clashes(command.id, pressed, chosen);
  const take = (keys: string) => {
    takeKeys(command.id, keys);
    done();
  };
  return (
    <div className={css["recorder"]}>
      <input
        ref={box}
        readOnly
        aria-label={t("shell:keys.press", { command: t(command.title) })}
        value={pressed === null ? t("shell:keys.waiting") : keyText(pressed)}
        className={css["field"]}
        onKeyDown={(event) => {
          const keys = keysOf(event.nativeEvent)[0];
          if (event.key === "Tab" || keys === undefined) return;
          event.preventDefault();
          event.stopPropagation();
          if (keys === "Escape") done();
          else if (clashes(command.id, keys, chosen).length) setPressed(keys);
          else take(keys);
        }}
      />
      {pressed !== null && (
        <p role="alert" className={css["clash"]}>
          {t("shell:keys.clash", { other: others.map((c) => t(c.title)).join(", ") })}
        </p>
      )}
      {pressed !== null && (
        <Button small kind="primary" onClick={() => take(pressed)}>
          {t("shell:keys.take")}
        </Button>
      )}
    </div>
  );
}
