import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { nameOf } from "~/api/files";
import type { Place } from "~/api/schema";
import { useLight } from "~/stores/light";
import { useRun } from "~/stores/run";
import { useUi } from "~/stores/ui";
import css from "./NodeResult.module.css";
import { PlotGrid } from "./PlotGrid";
import { picturesIn, plotOf, textsIn } from "./shown";
import { Tile } from "./Tile";
import { WatchedTile } from "./WatchedTile";

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
  const plot = useMemo(() => (shown ? plotOf(shown) : null), [shown]);
  if (plot)
    return (
      <div className={css["result"]} style={{ height }}>
        <PlotGrid plot={plot} of={id} open={showPictures} />
      </div>
    );
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
      {pictures.length > 0 && <PictureGrid pictures={pictures} ratio={260 / Math.max(1, height)} of={id} />}
    </div>
  );
});

interface GridProps {
  readonly pictures: readonly Place[];
  readonly ratio: number;
  /** Full id of the node that shows them. */
  readonly of?: string;
}

/** Pictures beside each other; a press opens the viewer, a drag takes one out. Those of a watched run tell what their
 * spots read instead. */
export function PictureGrid({ pictures, ratio, of = "" }: GridProps) {
  const watched = useLight((s) => of in s.pictures);
  const columns = columnsFor(pictures.length, ratio);
  return (
    <div className={css["grid"]} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {pictures.map((place, n) => {
        const Shown = watched ? WatchedTile : Tile;
        const open = () => showPictures(pictures, n);
        return <Shown key={`${place.type} ${nameOf(place)}`} of={of} place={place} open={open} />;
      })}
    </div>
  );
}

/** Open the viewer. */
export const showPictures = (pictures: readonly Place[], index: number): void =>
  useUi.getState().show("viewer", { pictures, index });
