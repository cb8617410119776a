import { Lock, LockOpen, Map as MapIcon, Maximize, Minus, Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { keysFor } from "~/commands/keymap";
import { runCommand } from "~/commands/registry";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { IconButton } from "~/ui/Button";
import { tip } from "~/ui/Tooltip";
import styles from "./Controls.module.css";
import { onView } from "./view";

/** Zoom, the whole graph, the small map, the lock. */
export function Controls() {
  const { t } = useTranslation("canvas");
  const minimap = useSettings((s) => s.minimap);
  const chosen = useSettings((s) => s.keys);
  const readOnly = useUi((s) => s.readOnly);
  const button = (id: string, name: string) => ({
    small: true,
    label: t(`command.${name}`),
    keys: keysFor(id, chosen)[0],
    onClick: () => void runCommand(id),
  });
  return (
    <div className={styles["controls"]} role="toolbar" aria-label={t("controls")}>
      <IconButton icon={Minus} {...button("canvas.zoomOut", "zoomOut")} />
      <Zoom />
      <IconButton icon={Plus} {...button("canvas.zoomIn", "zoomIn")} />
      <span className={styles["line"]} />
      <IconButton icon={Maximize} {...button("canvas.fit", "fit")} />
      <IconButton icon={MapIcon} {...button("canvas.minimap", "minimap")} pressed={minimap} />
      <IconButton icon={readOnly ? Lock : LockOpen} {...button("canvas.lock", "lock")} pressed={readOnly} />
    </div>
  );
}

/** The zoom in per cent; a press goes to 100 %. */
function Zoom() {
  const { t } = useTranslation("canvas");
  const [percent, setPercent] = useState(100);
  useEffect(() => onView((view) => setPercent(Math.round(view.zoom * 100))), []);
  return (
    <button
      type="button"
      className={styles["zoom"]}
      {...tip(t("command.zoomReset"))}
      aria-label={t("zoom", { percent })}
      onClick={() => void runCommand("canvas.zoomReset")}
    >
      {percent} %
    </button>
  );
}
