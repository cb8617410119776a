import { nameOf, viewUrl } from "~/api/files";
import type { Place } from "~/api/schema";
import { CompareSlider } from "./CompareSlider";
import css from "./Viewer.module.css";

const side = (place: Place) => ({ src: viewUrl(place), alt: nameOf(place) });

/** Two pictures of the server over each other. */
export const Compare = ({ one, two }: { readonly one: Place; readonly two: Place }) => (
  <CompareSlider className={css["compare"]} one={side(one)} two={side(two)} />
);
