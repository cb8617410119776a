import { useTranslation } from "react-i18next";
import { usePanelKeys } from "~/commands/useKeys";
import { type Panel, panels } from "~/shell/slots";
import { useUi } from "~/stores/ui";
import { IconButton } from "~/ui/Button";
import { cx } from "~/ui/cx";
import css from "./Rail.module.css";

/** The panels of a side as icons; the open one is pressed. */
export function Rail({ side }: { readonly side: "left" | "right" }) {
  const { t } = useTranslation("app");
  const mine = panels.filter((panel) => panel.side === side);
  if (!mine.length) return null;
  return (
    <nav aria-label={t("panels")} className={cx(css["rail"], css[side])}>
      {mine.map((panel) => (
        <PanelButton key={panel.id} panel={panel} />
      ))}
    </nav>
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
