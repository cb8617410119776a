import { ReactCompareSlider, ReactCompareSliderImage } from "react-compare-slider";

interface Side {
  readonly src: string;
  readonly alt: string;
}

interface Props {
  readonly one: Side;
  readonly two: Side;
  readonly className?: string | undefined;
}

/** Two pictures over each other, with a line between them to drag. */
export function CompareSlider({ one, two, className }: Props) {
  return (
    <ReactCompareSlider
      {...(className !== undefined && { className })}
      itemOne={<ReactCompareSliderImage {...one} style={{ objectFit: "contain" }} />}
      itemTwo={<ReactCompareSliderImage {...two} style={{ objectFit: "contain" }} />}
    />
  );
}
