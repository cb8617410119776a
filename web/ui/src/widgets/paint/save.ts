import { setValue } from "~/core/edits/nodes";
import { useDoc } from "~/stores/doc";
import { chosen, uploadImage, uploadMask } from "../image/upload";
import type { PaintArgs } from "./args";
import type { Layer } from "./layer";
import { flattened, type Opened, png, transparency } from "./picture";

/** Folders of the input folder that new pictures go to. */
const FOLDERS = { mask: "masks", sketch: "sketches" } as const;

const stem = (name: string) => name.replace(/\.[^.]*$/, "");

/** Store what was painted and let the input take it. A new file each time: other nodes may use the one before. Raises
 * ApiError. */
export async function save(
  args: PaintArgs,
  { place, base }: Opened,
  layer: Layer,
  paper: string | null,
): Promise<void> {
  const fields = { subfolder: FOLDERS[args.mode] };
  const name = place
    ? `${stem(place.filename).replace(/-(mask|sketch)( \(\d+\))?$/, "")}-${args.mode}.png`
    : "sketch.png";
  const stored =
    args.mode === "mask" && place
      ? await uploadMask(await png(transparency(layer)), name, place, { fields })
      : await uploadImage(await png(flattened(layer, base, paper)), name, { fields });
  const value = chosen(stored);
  useDoc
    .getState()
    .edit({ key: `widgets:edit.${args.mode}` }, (d) => setValue(d, args.scope, args.node, args.input, value));
}
