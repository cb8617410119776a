import { TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useRun } from "~/stores/run";
import { tip } from "~/ui/Tooltip";
import css from "./Bars.module.css";
import { bytesText, secondsText } from "./format";

/** "≈ 4 s · 54 MB": the time and memory that the next run is likely to take; while one runs, what is left of it. */
export function ForecastBadge() {
  const { t } = useTranslation("live");
  const forecast = useRun((s) => s.forecast);
  const runs = useRun((s) => s.runs);
  const left = useRun((s) => s.current?.left ?? null);
  if (left !== null)
    return <span className={css["forecast"]}>{t("progress.left", { time: secondsText(Math.max(1, left)) })}</span>;
  if (!forecast || !runs) return null;
  const { time, memory } = forecast;
  const tight = memory.fits === false;
  const unknown = time.unknown.length > 0;
  const seconds = time.typical > 0 ? secondsText(time.typical) : "";
  const about = seconds
    ? t(unknown ? "forecast.at_least" : "facts.about", { time: seconds })
    : t(unknown ? "forecast.unknown" : "forecast.kept");
  const details = [
    time.typical > 0 ? t("forecast.range", { low: secondsText(time.low), high: secondsText(time.high) }) : "",
    t("forecast.weights", { bytes: bytesText(memory.weight_bytes), most: bytesText(memory.at_once) }),
    tight ? t("forecast.tight", { budget: bytesText(memory.budget ?? 0) }) : "",
  ];
  return (
    <span className={css["forecast"]} data-tight={tight || undefined} {...tip(details.filter(Boolean).join(" "))}>
      {tight && <TriangleAlert size={13} aria-hidden />}
      <span>{about}</span>
      <span>{bytesText(memory.weight_bytes + memory.workspace + memory.values)}</span>
      {tight && <span className="visually-hidden">{details.at(-1)}</span>}
    </span>
  );
}
