import { ArrowDownNarrowWide, ArrowUpNarrowWide, History, Lock, Shuffle } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Control, CONTROLS } from "~/core/seed";
import type { NodeId, Scope } from "~/core/types";
import { seedKey, useSeeds } from "~/stores/seeds";
import type { Icon } from "~/ui/Button";
import { Menu, type MenuEntry } from "~/ui/Menu";
import { tip } from "~/ui/Tooltip";
import { cx } from "~/ui/cx";
import { rowParts } from "../frame/Row";
import css from "./Seed.module.css";

const ICONS: Readonly<Record<Control, Icon>> = {
  fixed: Lock,
  increment: ArrowUpNarrowWide,
  decrement: ArrowDownNarrowWide,
  randomize: Shuffle,
};

interface SeedMenuProps {
  readonly label: string;
  readonly control: Control;
  readonly disabled: boolean;
  readonly place: { readonly scope: Scope; readonly node: NodeId; readonly input: string };
  choose(control: Control): void;
  recall(seed: number | string): void;
}

const NONE: readonly (number | string)[] = [];

/** A button that shows what becomes of the seed after a run; its menu changes that, and brings back earlier seeds. */
export function SeedMenu({ label, control, disabled, place, choose, recall }: SeedMenuProps) {
  const { t } = useTranslation("widgets");
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const key = seedKey(place.scope, place.node, place.input);
  const used = useSeeds((s) => s.used[key] ?? NONE);
  const Mark = ICONS[control];
  const told = t("seed.after", { control: t(`seed.${control}`) });
  const entries: MenuEntry[] = CONTROLS.map((one) => ({
    id: one,
    label: t(`seed.${one}`),
    icon: ICONS[one],
    checked: one === control,
    run: () => choose(one),
  }));
  if (used.length)
    entries.push("line", {
      id: "used",
      label: t("seed.used"),
      icon: History,
      items: used.map((seed) => ({ id: String(seed), label: String(seed), run: () => recall(seed) })),
    });
  return (
    <>
      <button
        type="button"
        {...tip(told)}
        aria-label={`${label}: ${told}`}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        disabled={disabled}
        className={cx(rowParts.small, control !== "fixed" && css["changes"])}
        onClick={(event) => setAnchor(anchor ? null : event.currentTarget)}
      >
        <Mark size={14} />
      </button>
      {anchor && (
        <Menu anchor={anchor} label={t("seed.menu", { label })} entries={entries} close={() => setAnchor(null)} />
      )}
    </>
  );
}
