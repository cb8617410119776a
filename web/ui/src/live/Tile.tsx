import { ImageOff } from "lucide-react";
import { type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { carry, nameOf, thumbnailUrl } from "~/api/files";
import type { Place } from "~/api/schema";
import css from "./NodeResult.module.css";

/** Pixels of a side of what is drawn on a node; the viewer shows the whole picture. */
const SIDE = 512;

export interface TileProps {
  /** Full id of the node that shows it. */
  readonly of?: string;
  readonly place: Place;
  /** Show it in the viewer. */
  open(): void;
}

/** Take a picture out of the editor. */
export const dragOut = (place: Place) => (event: DragEvent) => {
  event.stopPropagation();
  carry(event.dataTransfer, place);
};

/** A picture; a press opens it. */
export function Tile({ place, open }: TileProps) {
  const { t } = useTranslation("live");
  const name = nameOf(place);
  return (
    <button
      type="button"
      className={`${css["tile"]} nodrag`}
      draggable
      onDragStart={dragOut(place)}
      onClick={open}
      aria-label={t("result.open", { name })}
      title={name}
    >
      <Thumbnail place={place} />
    </button>
  );
}

/** The picture itself, or that its file is gone. */
export function Thumbnail({ place }: { readonly place: Place }) {
  const { t } = useTranslation("live");
  const [gone, setGone] = useState(false);
  if (!gone)
    return (
      <img src={thumbnailUrl(place, SIDE)} alt="" draggable={false} decoding="async" onError={() => setGone(true)} />
    );
  return (
    <span className={css["gone"]}>
      <ImageOff size={18} aria-hidden />
      {t("result.gone")}
    </span>
  );
}
