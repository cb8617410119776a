import { useTranslation } from "react-i18next";
import { CompareSlider } from "~/live/CompareSlider";
import { decibels } from "./figures";
import type { Comparison } from "./schema";
import css from "./Why.module.css";

/** A picture of both runs: over each other with a line to drag, and beside that where they differ. */
export function Pair({ pair }: { readonly pair: Comparison["pictures"][number] }) {
  const { t } = useTranslation("recording");
  const { before, after, difference, equal, psnr } = pair;
  const alike = psnr === null ? t("why.unlike") : t("why.psnr", { psnr: decibels(psnr) });
  return (
    <div className={css["pair"]}>
      <figure>
        <CompareSlider
          className={css["slider"]}
          one={{ src: before, alt: t("why.before") }}
          two={{ src: after, alt: t("why.after") }}
        />
        <figcaption>
          <span>{t("why.before")}</span>
          <strong data-equal={equal || undefined}>{equal ? t("why.equal") : alike}</strong>
          <span>{t("why.after")}</span>
        </figcaption>
      </figure>
      {difference !== null && (
        <figure>
          <img className={css["difference"]} src={difference} alt={t("why.differenceAlt")} />
          <figcaption>
            <span>{t("why.difference")}</span>
          </figcaption>
        </figure>
      )}
    </div>
  );
}
