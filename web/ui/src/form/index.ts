/** What this part plugs into the frame. */
import { registerBars } from "~/shell/slots";
import "./commands";
import { FormLayer } from "./FormView";
import { Toggle } from "./Toggle";

registerBars([
  { id: "form", place: "canvas", component: FormLayer, order: 50 },
  { id: "form.toggle", place: "end", component: Toggle, order: 30 },
]);
