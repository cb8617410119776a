import { ReactCompareSlider, ReactCompareSliderImage } from "react-compare-slider";
import { nameOf, viewUrl } from "~/api/files";
import type { Place } from "~/api/schema";
import css from "./Viewer.module.css";

/** Two pictures over each other, with a line between them to drag. */
export function Compare({ one, two }: { readonly one: Place; readonly two: Place }) {
  return (
    <ReactCompareSlider
      className={css["compare"]}
      itemOne={<ReactCompareSliderImage src={viewUrl(one)} alt={nameOf(one)} style={{ objectFit: "contain" }} />}
      itemTwo={<ReactCompareSliderImage src={viewUrl(two)} alt={nameOf(two)} style={{ objectFit: "contain" }} />}
    />
  );
}
