/** A pack's panel among ours. */

import { Puzzle } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Panel } from "~/shell/slots";
import { Empty } from "~/ui/Empty";
import { Mounted } from "./Mounted";
import css from "./PackPanel.module.css";
import { usePacks } from "./state";
import type { PackPanel } from "./types";

/** Packs' panels stand below ours. */
const LAST = 1000;

export function panelOf(pack: string, panel: PackPanel): Panel {
  return {
    id: `pack.${pack}.${panel.id}`,
    side: panel.side ?? "left",
    title: `pack.${pack}:${panel.title}`,
    icon: panel.icon === undefined ? Puzzle : iconOf(panel.icon),
    component: () => <Inside pack={pack} panel={panel} />,
    order: LAST,
  };
}

function iconOf(path: string): Panel["icon"] {
  return ({ size = 20 }) => (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth={2} aria-hidden>
      <path d={path} />
    </svg>
  );
}

function Inside({ pack, panel }: { pack: string; panel: PackPanel }) {
  const { t, i18n } = useTranslation("packs");
  const found = usePacks((s) => s.packs[pack]);
  if (found?.state !== "on")
    return <Empty icon={Puzzle} title={t("off", { name: found?.name ?? pack, why: found?.why ?? "" })} />;
  return <Mounted pack={pack} mount={panel.mount} props={{ language: i18n.language }} className={css["place"]} />;
}
