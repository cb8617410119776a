import { type Bar, bars } from "~/shell/slots";
import { Part } from "./Part";

/** The bars of one place, each a part of its own. */
export function Bars({ place }: { readonly place: Bar["place"] }) {
  return bars
    .filter((bar) => bar.place === place)
    .map(({ id, component: Shown }) => (
      <Part key={id} name={id} small={place !== "canvas" && place !== "below"}>
        <Shown />
      </Part>
    ));
}
