import { useTranslation } from "react-i18next";
import { Bars } from "~/app/Bars";
import { Dialogs } from "~/app/Dialogs";
import { Dock } from "~/app/Dock";
import { Phone } from "~/app/Phone";
import { PanelButton, Rail } from "~/app/Rail";
import { Toasts } from "~/app/Toasts";
import { usePhone } from "~/app/useMedia";
import { panels } from "~/shell/slots";
import { cx } from "~/ui/cx";
import { TooltipHost } from "~/ui/Tooltip";
import css from "./App.module.css";

/** The frame: bars, panels, the canvas, dialogs, messages. */
export function App() {
  const { t } = useTranslation("app");
  const phone = usePhone();
  return (
    <div className={cx(css["app"], phone && css["phone"])}>
      <a href="#canvas" className={css["skip"]}>
        {t("skip")}
      </a>
      <TopBar />
      <Bars place="below" />
      <div className={css["middle"]}>
        {!phone && <Rail side="left" />}
        {!phone && <Dock side="left" />}
        <div className={css["column"]}>
          <main id="canvas" data-keys="canvas" tabIndex={-1} aria-label={t("canvas")} className={css["canvas"]}>
            <Bars place="canvas" />
          </main>
          {!phone && <Dock side="bottom" />}
        </div>
        {!phone && <Dock side="right" />}
        {!phone && <Rail side="right" />}
      </div>
      {phone ? <Phone /> : <StatusBar />}
      <Bars place="none" />
      <Dialogs />
      <Toasts />
    </div>
  );
}

function TopBar() {
  const { t } = useTranslation("app");
  return (
    <header className={css["bar"]} aria-label={t("bar")}>
      <h1 className="visually-hidden">{t("name")}</h1>
      <div className={css["start"]}>
        <Bars place="start" />
      </div>
      <div className={css["tabs"]}>
        <Bars place="middle" />
      </div>
      <div className={css["end"]}>
        <Bars place="end" />
      </div>
      <TooltipHost />
    </header>
  );
}

function StatusBar() {
  const { t } = useTranslation("app");
  return (
    <footer className={css["status"]} aria-label={t("status")}>
      <Bars place="status" />
      <div className={css["bottoms"]}>
        {panels
          .filter((panel) => panel.side === "bottom")
          .map((panel) => (
            <PanelButton key={panel.id} panel={panel} small />
          ))}
      </div>
    </footer>
  );
}
