import { ImageOff } from "lucide-react";
import { type DragEvent, memo, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { carry, nameOf, thumbnailUrl } from "~/api/files";
import type { Place } from "~/api/schema";
import { useRun } from "~/stores/run";
import { useUi } from "~/stores/ui";
import css from "./NodeResult.module.css";
import { picturesIn, textsIn } from "./shown";

/** Pixels of a side of what is drawn on a node; the viewer shows the whole picture. */
const SIDE = 512;

/** Columns of a grid that shows `count` pictures in a box, each as large as can be. */
export function columnsFor(count: number, ratio: number): number {
  return Math.max(1, Math.min(count, Math.round(Math.sqrt(count * ratio))));
}

interface Props {
  /** Full id of the node. */
  readonly id: string;
  /** Of the area, in canvas units. */
  readonly height: number;
}

/** What a node shows: its pictures as a grid, its texts. */
export const NodeResult = memo(function NodeResult({ id, height }: Props) {
  const { t } = useTranslation("live");
  const shown = useRun((s) => s.shown[id]);
  const pictures = useMemo(() => (shown ? picturesIn(shown) : []), [shown]);
  const texts = useMemo(() => (shown ? textsIn(shown) : []), [shown]);
  if (!pictures.length && !texts.length)
    return (
      <p className={css["empty"]} style={{ height }}>
        {t("result.empty")}
      </p>
    );
  return (
    <div className={css["result"]} style={{ height }}>
      {texts.map((text, n) => (
        <textarea
          // oxlint-disable-next-line react/no-array-index-key -- the same text may stand there twice
          key={n}
          className={`${css["text"]} nowheel nodrag`}
          readOnly
          value={text}
          aria-label={t("result.text")}
        />
      ))}
      {pictures.length > 0 && <PictureGrid pictures={pictures} ratio={260 / Math.max(1, height)} />}
    </div>
  );
});

/** Pictures beside each other; a press opens the viewer, a drag takes one out. */
export function PictureGrid({ pictures, ratio }: { readonly pictures: readonly Place[]; readonly ratio: number }) {
  const columns = columnsFor(pictures.length, ratio);
  return (
    <div className={css["grid"]} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {pictures.map((place, n) => (
        <Tile key={`${place.type} ${nameOf(place)}`} place={place} open={() => showPictures(pictures, n)} />
      ))}
    </div>
  );
}

/** Open the viewer. */
export const showPictures = (pictures: readonly Place[], index: number): void =>
  useUi.getState().show("viewer", { pictures, index });

function Tile({ place, open }: { readonly place: Place; open(): void }) {
  const { t } = useTranslation("live");
  const [gone, setGone] = useState(false);
  const drag = (event: DragEvent) => {
    event.stopPropagation();
    carry(event.dataTransfer, place);
  };
  const name = nameOf(place);
  return (
    <button
      type="button"
      className={`${css["tile"]} nodrag`}
      draggable
      onDragStart={drag}
      onClick={open}
      aria-label={t("result.open", { name })}
      title={name}
    >
      {gone ? (
        <span className={css["gone"]}>
          <ImageOff size={18} aria-hidden />
          {t("result.gone")}
        </span>
      ) : (
        <img src={thumbnailUrl(place, SIDE)} alt="" draggable={false} decoding="async" onError={() => setGone(true)} />
      )}
    </button>
  );
}
