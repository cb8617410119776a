import {
  Brush,
  Eraser,
  Hand,
  Lasso,
  Maximize,
  PaintBucket,
  Redo2,
  SquareDashed,
  Trash2,
  Undo2,
  Contrast,
  Feather,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import { runCommand } from "~/commands/registry";
import { type Icon, IconButton } from "~/ui/Button";
import { toolKeys } from "./commands";
import { MASK_COLOR, SIZES, type Tool, TOOLS, usePaint } from "./store";
import css from "./Paint.module.css";

const ICONS: Readonly<Record<Tool, Icon>> = {
  brush: Brush,
  erase: Eraser,
  fill: PaintBucket,
  rectangle: SquareDashed,
  lasso: Lasso,
  pan: Hand,
};

/** Ink, pigments and papers of the sketch pad: a box of colours that go together. */
export const SWATCHES = [
  "#14181f",
  "#1f2a44",
  "#4c5a6b",
  "#9aa7b3",
  "#ffffff",
  "#7a1f1f",
  "#d9472b",
  "#f2a53a",
  "#f6e27a",
  "#8a5a34",
  "#24543a",
  "#5fae57",
  "#2b7fa3",
  "#6fb6f8",
  "#6b4aa0",
  "#e58bb5",
] as const;

/** Tools, and what can be done to the whole. */
export function Tools() {
  const { t } = useTranslation("widgets");
  const { tool, mode, painting } = usePaint();
  usePaint((s) => s.changes);
  const does = (id: string, icon: Icon, keys: string, disabled = false) => (
    <IconButton
      icon={icon}
      label={t(`paint.${id}`)}
      keys={keys}
      disabled={disabled}
      onClick={() => runCommand(`paint.${id}`)}
    />
  );
  return (
    <div className={css["tools"]} role="toolbar" aria-orientation="vertical" aria-label={t("paint.tools")}>
      {TOOLS.map((one) => (
        <IconButton
          key={one}
          icon={ICONS[one]}
          label={t(`paint.${one}`)}
          keys={toolKeys(one)}
          pressed={one === tool}
          onClick={() => usePaint.setState({ tool: one })}
        />
      ))}
      <hr />
      {does("undo", Undo2, "Mod+Z", !painting?.canUndo)}
      {does("redo", Redo2, "Mod+Shift+Z", !painting?.canRedo)}
      {mode === "mask" && does("invert", Contrast, "I")}
      {does("clear", Trash2, "Delete")}
      {does("fit", Maximize, "0")}
    </div>
  );
}

interface RangeProps {
  readonly name: "size" | "hardness" | "strength" | "shade" | "feather" | "tolerance";
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** How the number is shown. */
  shown(value: number): string;
}

const percent = (value: number) => `${Math.round(value * 100)} %`;
const pixels = (value: number) => `${Math.round(value)} px`;

function Range({ name, min, max, step, shown }: RangeProps) {
  const { t } = useTranslation("widgets");
  const value = usePaint((s) => s[name]);
  return (
    <label className={css["range"]}>
      <span>{t(`paint.with.${name}`)}</span>
      <output>{shown(value)}</output>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={shown(value)}
        onChange={(event) => usePaint.setState({ [name]: Number(event.target.value) })}
      />
    </label>
  );
}

/** How the chosen tool paints. */
export function Options() {
  const { t } = useTranslation("widgets");
  const { mode, tool, painting, pressure } = usePaint();
  return (
    <div className={css["options"]}>
      <Range name="size" min={SIZES.least} max={SIZES.most} step={1} shown={pixels} />
      <Range name="hardness" min={0} max={1} step={0.05} shown={percent} />
      {mode === "sketch" && <Range name="strength" min={0.05} max={1} step={0.05} shown={percent} />}
      {tool === "fill" && <Range name="tolerance" min={0} max={128} step={1} shown={String} />}
      <label className={css["check"]}>
        <input type="checkbox" checked={pressure} onChange={(e) => usePaint.setState({ pressure: e.target.checked })} />
        {t("paint.with.pressure")}
      </label>
      {mode === "mask" ? (
        <>
          <Range name="shade" min={0.1} max={1} step={0.05} shown={percent} />
          <div className={css["feather"]}>
            <Range name="feather" min={1} max={64} step={1} shown={pixels} />
            <IconButton
              icon={Feather}
              label={t("paint.feather")}
              keys="F"
              onClick={() => painting?.feather(usePaint.getState().feather, MASK_COLOR)}
            />
          </div>
        </>
      ) : (
        <Colors />
      )}
    </div>
  );
}

function Colors() {
  const { t } = useTranslation("widgets");
  const color = usePaint((s) => s.color);
  return (
    <fieldset className={css["colors"]}>
      <legend>{t("paint.with.color")}</legend>
      {SWATCHES.map((one) => (
        <button
          key={one}
          type="button"
          aria-label={one}
          aria-pressed={one === color}
          style={{ background: one }}
          className={css["swatch"]}
          onClick={() => usePaint.setState({ color: one })}
        />
      ))}
      <input
        type="color"
        aria-label={t("paint.with.other")}
        value={color}
        className={css["swatch"]}
        onChange={(event) => usePaint.setState({ color: event.target.value })}
      />
    </fieldset>
  );
}
