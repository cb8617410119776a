import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { usePhone } from "~/app/useMedia";
import { keyText } from "~/commands/keys";
import { useKeys } from "~/commands/useKeys";
import { useSettings } from "~/stores/settings";
import { IconButton } from "~/ui/Button";
import css from "./Hints.module.css";

/** How to begin, in one line, until it is dismissed. */
export function Hints() {
  const { t } = useTranslation("shell");
  const on = useSettings((s) => s.hints);
  const phone = usePhone();
  const run = useKeys("run.queue");
  const add = useKeys("palette.open");
  const commands = useKeys("commands.open");
  if (!on || phone) return null;
  const said = [
    add && t("hints.add", { keys: keyText(add) }),
    run && t("hints.run", { keys: keyText(run) }),
    commands && t("hints.commands", { keys: keyText(commands) }),
  ].filter(Boolean);
  return (
    <p className={css["hints"]}>
      <span>{said.join(" · ")}</span>
      <IconButton
        small
        icon={X}
        label={t("hints.dismiss")}
        onClick={() => useSettings.getState().change({ hints: false })}
      />
    </p>
  );
}
