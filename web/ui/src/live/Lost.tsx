import { WifiOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useServer } from "~/stores/server";
import { Button } from "~/ui/Button";
import { reconnect } from "./feed";
import css from "./Bars.module.css";

/** A line under the bar while the server does not answer. It goes by itself. */
export function Lost() {
  const { t } = useTranslation("live");
  const lost = useServer((s) => s.connection === "lost");
  if (!lost) return null;
  return (
    <div className={css["lost"]} role="alert">
      <WifiOff size={15} aria-hidden />
      <span>{t("lost.text")}</span>
      <Button small onClick={reconnect}>
        {t("lost.retry")}
      </Button>
    </div>
  );
}
