import { X } from "lucide-react";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import type { Place } from "~/api/schema";
import { toldText } from "~/i18n/problems";
import css from "./NodeResult.module.css";
import { type Gap, isGap, type Plot } from "./shown";
import { Tile } from "./Tile";

interface Props {
  readonly plot: Plot;
  /** Full id of the node that shows it. */
  readonly of: string;
  /** Look at one of some pictures. */
  open(pictures: readonly Place[], index: number): void;
}

/** The cells of a plot in their places, those that are made and why others are not, with the labels of columns and
 * rows. */
export function PlotGrid({ plot, of, open }: Props) {
  const { columns, rows, cells } = plot;
  const made = cells.filter((cell): cell is Place => cell !== null && !isGap(cell));
  const beside = rows.some(Boolean);
  const widths = `${beside ? "minmax(0, 0.6fr) " : ""}repeat(${columns.length}, minmax(0, 1fr))`;
  const heights = `${columns.some(Boolean) ? "auto " : ""}repeat(${rows.length}, minmax(0, 1fr))`;
  return (
    <div className={css["plot"]} style={{ gridTemplateColumns: widths, gridTemplateRows: heights }}>
      {columns.some(Boolean) && (
        <>
          {beside && <span />}
          {columns.map((label, x) => (
            // oxlint-disable-next-line react/no-array-index-key -- two columns may be called the same
            <span key={`x${x}`} className={css["label"]} title={label}>
              {label}
            </span>
          ))}
        </>
      )}
      {rows.map((label, y) => (
        // oxlint-disable-next-line react/no-array-index-key -- two rows may be called the same
        <Fragment key={`y${y}`}>
          {beside && (
            <span className={css["label"]} title={label}>
              {label}
            </span>
          )}
          {columns.map((_, x) => {
            const place = cells[y * columns.length + x];
            const key = `x${x}y${y}`;
            if (isGap(place)) return <Missing key={key} gap={place} />;
            return place ? (
              <Tile key={key} of={of} place={place} open={() => open(made, made.indexOf(place))} />
            ) : (
              <span key={key} className={css["tocome"]} />
            );
          })}
        </Fragment>
      ))}
    </div>
  );
}

/** A cell that could not be made. */
function Missing({ gap }: { readonly gap: Gap }) {
  const { t } = useTranslation("live");
  const reason = toldText(gap.telling, gap.reason);
  return (
    <span className={`${css["gap"]} nowheel`} title={reason}>
      <X size={14} aria-label={t("result.gap")} />
      {reason}
    </span>
  );
}
