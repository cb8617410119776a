import { Keyboard, Settings } from "lucide-react";
import { useTranslation } from "react-i18next";
import { commandOf, runCommand } from "~/commands/registry";
import { useKeys, usePanelKeys } from "~/commands/useKeys";
import { type Panel, panels } from "~/shell/slots";
import { useUi } from "~/stores/ui";
import { type Icon, IconButton } from "~/ui/Button";
import { cx } from "~/ui/cx";
import css from "./Rail.module.css";

/** The panels of a side as icons; the open one is pressed. */
export function Rail({ side }: { readonly side: "left" | "right" }) {
  const { t } = useTranslation("app");
  const mine = panels.filter((panel) => panel.side === side);
  if (!mine.length) return null;
  return (
    <nav aria-label={t(side === "left" ? "panels" : "panelsRight")} className={cx(css["rail"], css[side])}>
      {mine.map((panel) => (
        <PanelButton key={panel.id} panel={panel} />
      ))}
      {side === "left" && (
        <div className={css["foot"]}>
          <CommandButton id="keys.open" icon={Keyboard} />
          <CommandButton id="settings.open" icon={Settings} />
        </div>
      )}
    </nav>
  );
}

function CommandButton({ id, icon }: { readonly id: string; readonly icon: Icon }) {
  const { t } = useTranslation();
  const keys = useKeys(id);
  const title = commandOf(id)?.title;
  if (title === undefined) return null;
  return (
    <IconButton
      icon={icon}
      label={t(title)}
      keys={keys}
      data-tip-side="right"
      className={css["button"]}
      onClick={() => runCommand(id)}
    />
  );
}

/** Shows and hides a panel. */
export function PanelButton({ panel, small }: { readonly panel: Panel; readonly small?: boolean }) {
  const { t } = useTranslation();
  const open = useUi((s) => s.panels[panel.side] === panel.id);
  const keys = usePanelKeys(panel.id);
  return (
    <IconButton
      icon={panel.icon}
      label={t(panel.title)}
      keys={keys}
      pressed={open}
      {...(small && { small })}
      data-panel={panel.id}
      data-tip-side={panel.side === "left" ? "right" : undefined}
      className={css["button"]}
      onClick={() => useUi.getState().toggle(panel.side, panel.id)}
    />
  );
}
