import { Brush, ImagePlus, PencilLine, X } from "lucide-react";
import { type CSSProperties, type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { carry, placeOf, thumbnailUrl } from "~/api/files";
import { scopeOf, useUi } from "~/stores/ui";
import { tip } from "~/ui/Tooltip";
import { useMissing } from "../combo/Combo";
import { rowParts } from "../frame/Row";
import type { PaintArgs } from "../paint/args";
import type { WidgetProps } from "../registry";
import css from "./Image.module.css";

/** Pixels of a side: enough for a node at twice its size. */
const SIDE = 512;

interface PictureProps extends WidgetProps {
  readonly chosen: string;
  /** How much of the next picture is uploaded: 0 to 1. */
  readonly share: number | null;
  cancel(): void;
  /** Ask for a file. */
  pick(): void;
}

/** The chosen picture, with the brushes; a place to drop one while there is none. */
export function Picture({ def, node, name, chosen, disabled, label, share, cancel, pick, ...props }: PictureProps) {
  const { t } = useTranslation("widgets");
  const [broken, setBroken] = useState("");
  /** Width by height. */
  const [ratio, setRatio] = useState(1);
  const missing = useMissing(def, chosen);
  const place = chosen ? placeOf(chosen) : null;
  const seen = place && chosen !== broken && !(missing && place.type === "input") ? place : null;
  const paint = (mode: PaintArgs["mode"]) => {
    const ui = useUi.getState();
    const scope = props.scope === undefined ? scopeOf(ui.path) : props.scope;
    ui.show("paint", { mode, scope, node, input: name, value: seen ? chosen : "" } satisfies PaintArgs);
  };
  return (
    <div className={css["picture"]}>
      {seen ? (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- dragged elsewhere, as any picture of a page
        <img
          src={thumbnailUrl(seen, SIDE)}
          alt={t("image.of", { label, name: chosen })}
          decoding="async"
          draggable
          onDragStart={(event: DragEvent) => carry(event.dataTransfer, seen)}
          style={{ "--ratio": ratio } as CSSProperties}
          onLoad={({ currentTarget: at }) => setRatio(at.naturalWidth / Math.max(1, at.naturalHeight))}
          onError={() => setBroken(chosen)}
        />
      ) : (
        <button type="button" disabled={disabled} className={css["empty"]} onClick={pick}>
          <ImagePlus size={20} />
          <span>{t("image.drop")}</span>
        </button>
      )}
      {!disabled && (
        <div className={css["tools"]}>
          {seen && (
            <button
              type="button"
              {...tip(t("image.mask"))}
              aria-label={t("image.maskOf", { label })}
              className={rowParts.small}
              onClick={() => paint("mask")}
            >
              <Brush size={14} />
            </button>
          )}
          <button
            type="button"
            {...tip(t("image.sketch"))}
            aria-label={t("image.sketchFor", { label })}
            className={rowParts.small}
            onClick={() => paint("sketch")}
          >
            <PencilLine size={14} />
          </button>
        </div>
      )}
      {share !== null && (
        <div className={css["sending"]}>
          <progress value={share} aria-label={t("image.sending", { label })} />
          <button type="button" aria-label={t("image.cancel")} className={rowParts.small} onClick={cancel}>
            <X size={14} />
          </button>
        </div>
      )}
    </div>
  );
}
