/** Copy and paste: through text on the system clipboard, into any graph of any tab. */

export { copied } from "./clip";
export { clipText, readClip } from "./clipText";
export { duplicate, paste } from "./paste";
