import i18next from "i18next";
import { useTranslation } from "react-i18next";
import type { CurveView } from "./schema";
import { valueText, wordOf } from "./Table";
import css from "./Views.module.css";

const [WIDTH, HEIGHT] = [300, 140];
const EDGE = { left: 44, right: 8, top: 10, bottom: 30 };

const span = (values: readonly number[]): readonly [number, number] => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
};

/** From a number to its place on an axis. */
const axis =
  ([low, high]: readonly [number, number], from: number, to: number) =>
  (value: number): number =>
    from + ((value - low) / (high - low)) * (to - from);

/** Points of a polyline. */
export function pathOf({ x, y }: Pick<CurveView, "x" | "y">): string {
  const place = axis(span(x), EDGE.left, WIDTH - EDGE.right);
  const rise = axis(span(y), HEIGHT - EDGE.bottom, EDGE.top);
  return x.map((at, n) => `${place(at).toFixed(1)},${rise(y[n] ?? 0).toFixed(1)}`).join(" ");
}

/** Few enough points that each is marked. */
const FEW = 60;

/** What runs along an axis. */
const axisName = (key: string): string =>
  i18next.exists(`inspect:axis.${key}`) ? i18next.t(`inspect:axis.${key}`) : wordOf(key);

const text = (value: number): string => valueText("", Number(value.toPrecision(4)));

/** A small curve with the ends of its axes; to a screen reader its numbers in a sentence. */
export function Curve({ view }: { readonly view: CurveView }) {
  const { t } = useTranslation("inspect");
  if (!view.x.length) return null;
  const { x, y } = view;
  const [names, across, up] = [{ x: axisName(view.x_name), y: axisName(view.y_name) }, span(x), span(y)];
  const told = t("curve.told", {
    ...names,
    count: x.length,
    first: text(y[0] ?? 0),
    last: text(y.at(-1) ?? 0),
    low: text(Math.min(...y)),
    high: text(Math.max(...y)),
  });
  const points = pathOf(view);
  const [bottom, right] = [HEIGHT - EDGE.bottom, WIDTH - EDGE.right];
  return (
    // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- it is drawn here
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={told} className={css["curve"]}>
      <line className={css["axis"]} x1={EDGE.left} y1={bottom} x2={right} y2={bottom} />
      <line className={css["axis"]} x1={EDGE.left} y1={EDGE.top} x2={EDGE.left} y2={bottom} />
      <polyline className={css["line"]} points={points} />
      {x.length <= FEW &&
        points.split(" ").map((point, n) => {
          const [cx, cy] = point.split(",");
          // oxlint-disable-next-line react/no-array-index-key -- a point is its place
          return <circle key={n} className={css["point"]} cx={cx} cy={cy} r="2.4" />;
        })}
      <text className={css["tick"]} x={EDGE.left - 5} y={EDGE.top + 4} textAnchor="end">
        {text(up[1])}
      </text>
      <text className={css["tick"]} x={EDGE.left - 5} y={bottom + 3} textAnchor="end">
        {text(up[0])}
      </text>
      <text className={css["tick"]} x={EDGE.left} y={bottom + 13} textAnchor="middle">
        {text(across[0])}
      </text>
      <text className={css["tick"]} x={right} y={bottom + 13} textAnchor="end">
        {text(across[1])}
      </text>
      <text className={css["name"]} x={(EDGE.left + right) / 2} y={HEIGHT - 5} textAnchor="middle">
        {t("curve.axes", names)}
      </text>
    </svg>
  );
}
