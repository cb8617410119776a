import { useState } from "react";
import { useTranslation } from "react-i18next";
import { CompareSlider } from "~/live/CompareSlider";
import { decibels } from "./figures";
import type { Comparison } from "./schema";
import { Segments } from "./Segments";
import css from "./Why.module.css";

const VIEWS = ["both", "difference"] as const;
type Shown = (typeof VIEWS)[number];

/** A picture of both runs: over each other with a line to drag, or where they differ. */
export function Pair({ pair }: { readonly pair: Comparison["pictures"][number] }) {
  const { t } = useTranslation("recording");
  const [shown, setShown] = useState<Shown>("both");
  const { before, after, difference, equal, psnr } = pair;
  return (
    <figure className={css["pair"]}>
      {shown === "difference" && difference !== null ? (
        <img className={css["difference"]} src={difference} alt={t("why.differenceAlt")} />
      ) : (
        <CompareSlider
          className={css["slider"]}
          one={{ src: before, alt: t("why.before") }}
          two={{ src: after, alt: t("why.after") }}
        />
      )}
      <figcaption>
        <span>
          {equal ? t("why.equal") : psnr === null ? t("why.unlike") : t("why.psnr", { psnr: decibels(psnr) })}
        </span>
        {difference !== null && (
          <Segments
            bare
            label={t("why.show")}
            value={shown}
            options={VIEWS.map((value: Shown) => ({ value, label: t(`why.${value}`) }))}
            change={(next) => setShown(next)}
          />
        )}
      </figcaption>
    </figure>
  );
}
