/** Numbers of recordings as people read them. */

import i18next from "i18next";

/** Three figures: "14.6", "0.0292". */
export const figure = (value: number): string =>
  new Intl.NumberFormat(i18next.language, {
    maximumSignificantDigits: 3,
    minimumSignificantDigits: value ? 3 : 1,
  }).format(value);

/** "42 %". */
export const percent = (share: number): string =>
  new Intl.NumberFormat(i18next.language, { style: "percent", maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(
    share,
  );

/** "31.4 dB". */
export const decibels = (psnr: number): string =>
  `${new Intl.NumberFormat(i18next.language, { maximumFractionDigits: 1 }).format(psnr)} dB`;
