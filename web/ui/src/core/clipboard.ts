/** Copy and paste: through text on the system clipboard, into any graph of any tab. */

export { type Clip, copied, type Frames } from "./clip";
export { clipText, readClip } from "./clipText";
export { duplicate, paste, type PasteOptions } from "./paste";
