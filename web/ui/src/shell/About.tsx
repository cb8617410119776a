import { useTranslation } from "react-i18next";
import { Dialog } from "~/ui/Dialog";
import css from "./About.module.css";
import { Mark } from "./Mark";

/** What this is, and where to read on. */
export function About({ close }: { close(): void }) {
  const { t } = useTranslation("shell");
  return (
    <Dialog title={t("command.about")} size="small" close={close}>
      <div className={css["about"]}>
        <Mark size={64} />
        <p className={css["name"]}>{t("app:name")}</p>
        <p>{t("about.text")}</p>
        <p className={css["soft"]}>{t("about.local")}</p>
        <ul className={css["links"]}>
          <li>
            <a href="/api/v1/docs" target="_blank" rel="noopener noreferrer">
              {t("about.api")}
            </a>
          </li>
        </ul>
      </div>
    </Dialog>
  );
}
