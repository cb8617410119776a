/** What this part plugs into the frame: a widget for each kind of input, and the painter. */
import { registerCommands } from "~/commands/registry";
import type { InputDef } from "~/core/types";
import { registerDialogs } from "~/shell/slots";
import { AxisInput } from "./axis/AxisInput";
import { AxisValues } from "./axis/AxisValues";
import { Combo } from "./combo/Combo";
import { ImageWidget } from "./image/Image";
import { NumberWidget } from "./number/Number";
import { PAINT_COMMANDS } from "./paint/commands";
import { PaintDialog } from "./paint/Paint";
import { Prompt } from "./prompt/Prompt";
import { registerWidgets } from "./registry";
import { Seed } from "./seed/Seed";
import { Text } from "./text/Text";
import { Toggle } from "./toggle/Toggle";

const called = (name: string) => (def: InputDef) => def.widget?.name === name;
const ofType =
  (...types: readonly string[]) =>
  (def: InputDef) =>
    types.includes(def.type);

registerWidgets([
  { name: "seed", component: Seed, fits: called("seed") },
  { name: "multiline", component: Prompt, fits: called("multiline") },
  { name: "axis_input", component: AxisInput, fits: called("axis_input") },
  { name: "axis_values", component: AxisValues, fits: called("axis_values") },
  { name: "image", component: ImageWidget, fits: called("image_upload") },
  { name: "combo", component: Combo, fits: (def) => def.options !== undefined || def.file !== undefined },
  { name: "number", component: NumberWidget, fits: ofType("INT", "FLOAT") },
  { name: "toggle", component: Toggle, fits: ofType("BOOLEAN") },
  { name: "text", component: Text, fits: ofType("STRING") },
]);

registerDialogs([{ name: "paint", component: PaintDialog }]);
registerCommands(PAINT_COMMANDS);
