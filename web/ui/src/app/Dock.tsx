import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { type Panel, panels } from "~/shell/slots";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { IconButton } from "~/ui/Button";
import { cx } from "~/ui/cx";
import css from "./Dock.module.css";
import { Part } from "./Part";
import { Splitter } from "./Splitter";

const LEAST = { left: 200, right: 220, bottom: 120 };
const MOST = { left: 640, right: 900, bottom: 640 };

/** The panel that is open at a side. */
export function usePanel(side: Panel["side"]): Panel | undefined {
  const id = useUi((s) => s.panels[side]);
  return panels.find((panel) => panel.side === side && panel.id === id);
}

/** A side of the frame with its open panel; its size is remembered. */
export function Dock({ side }: { readonly side: Panel["side"] }) {
  const panel = usePanel(side);
  const size = useSettings((s) => s.sizes[side]);
  if (!panel) return null;
  const change = (wanted: number) => {
    const { sizes, change: keep } = useSettings.getState();
    keep({ sizes: { ...sizes, [side]: wanted } });
  };
  const extent = side === "bottom" ? { height: size } : { width: size };
  return (
    <section className={cx(css["dock"], css[side])} style={extent} aria-labelledby={`panel-${panel.id}`}>
      <Splitter side={side} size={size} least={LEAST[side]} most={MOST[side]} change={change} />
      <PanelFrame panel={panel} />
    </section>
  );
}

/** A panel with its head. */
export function PanelFrame({ panel }: { readonly panel: Panel }) {
  const { t } = useTranslation();
  const { component: Shown, id, side, title } = panel;
  return (
    <>
      <header className={css["head"]}>
        <h2 id={`panel-${id}`} className={css["title"]}>
          {t(title)}
        </h2>
        <IconButton small icon={X} label={t("app:hide")} onClick={() => useUi.getState().toggle(side, id)} />
      </header>
      <div className={css["body"]} data-keys={id}>
        <Part key={id} name={t(title)}>
          <Shown />
        </Part>
      </div>
    </>
  );
}
