/** How a socket of a type looks: a colour and a shape, so that colour alone never tells types apart. */

export interface SocketLook {
  /** A CSS colour. */
  readonly color: string;
  readonly shape: Shape;
  /** At most five letters, where there is no room for the type's name. */
  readonly short: string;
}

/** Outlines in a box of 12 × 12. */
export const SHAPES = {
  circle: "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10z",
  ring: "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10zM6 4a2 2 0 1 0 0 4a2 2 0 1 0 0-4z",
  square: "M2 2h8v8h-8z",
  diamond: "M6 .5l5.5 5.5l-5.5 5.5l-5.5-5.5z",
  hex: "M3.3 1.2h5.4l2.8 4.8l-2.8 4.8h-5.4l-2.8-4.8z",
  pentagon: "M6 .8l5.3 3.9l-2 6.3h-6.6l-2-6.3z",
  drop: "M6 .3c2.6 3.2 4.2 5 4.2 7.2a4.2 4.2 0 0 1-8.4 0c0-2.2 1.6-4 4.2-7.2z",
  frame: "M.8 2.2h10.4v7.6h-10.4zM3.2 4.4v3.2h5.6v-3.2z",
  half: "M6 1a5 5 0 0 1 0 10z M6 1a5 5 0 0 0 0 10h-.8v-10z",
  up: "M6 1l5.4 9.6h-10.8z",
  down: "M6 11l5.4-9.6h-10.8z",
  right: "M1.6 .8l9.4 5.2l-9.4 5.2z",
  bar: "M4 .8h4v10.4h-4z",
  pill: "M3.6 3h4.8a3 3 0 0 1 0 6h-4.8a3 3 0 0 1 0-6z",
  lines: "M1 1.8h10v2.2h-10zM1 4.9h10v2.2h-10zM1 8h10v2.2h-10z",
  stair: "M1 11v-10h3.4v3.3h3.3v3.4h3.3v3.3z",
  star: "M6 .4l1.6 3.6l4 .4l-3 2.6l.9 3.9l-3.5-2l-3.5 2l.9-3.9l-3-2.6l4-.4z",
  cross: "M4.2 1h3.6v3.2h3.2v3.6h-3.2v3.2h-3.6v-3.2h-3.2v-3.6h3.2z",
  arrow: "M1 4h5v-3l5 5l-5 5v-3h-5z",
  bow: "M1 1.4l5 3l5-3v9.2l-5-3l-5 3z",
  hill: "M3.6 1.8h4.8l2.8 8.4h-10.4z",
  corner: "M1.4 1.4h9.2v3.4h-5.8v5.8h-3.4z",
  rise: "M6 .4l5 4.8h-10zM6 6l5 4.8h-10z",
  steps: "M.8 7.4h2.8v3.8h-2.8zM4.6 4h2.8v7.2h-2.8zM8.4 .8h2.8v10.4h-2.8z",
} as const;

export type Shape = keyof typeof SHAPES;

const row = (name: string, shape: Shape, short: string): SocketLook => ({
  color: `var(--socket-${name})`,
  shape,
  short,
});

const LOOKS: Readonly<Record<string, SocketLook>> = {
  MODEL: row("model", "hex", "MODEL"),
  CLIP: row("clip", "diamond", "CLIP"),
  VAE: row("vae", "pentagon", "VAE"),
  CONDITIONING: row("conditioning", "square", "COND"),
  LATENT: row("latent", "drop", "LAT"),
  IMAGE: row("image", "frame", "IMG"),
  MASK: row("mask", "half", "MASK"),
  INT: row("int", "up", "INT"),
  FLOAT: row("float", "down", "FLOAT"),
  STRING: row("string", "lines", "TEXT"),
  BOOLEAN: row("boolean", "pill", "BOOL"),
  COMBO: row("combo", "right", "COMBO"),
  CONTROL_NET: row("control-net", "bow", "CNET"),
  DEPTH_MODEL: row("depth-model", "hill", "DEPTH"),
  EDGE_MODEL: row("edge-model", "corner", "EDGE"),
  UPSCALE_MODEL: row("upscale-model", "rise", "UPSC"),
  TRACE: row("trace", "steps", "TRACE"),
  SIGMAS: row("sigmas", "stair", "SIGMA"),
  SAMPLER: row("sampler", "star", "SMPL"),
  NOISE: row("noise", "cross", "NOISE"),
  GUIDER: row("guider", "arrow", "GUIDE"),
  TOKENS: row("tokens", "bar", "TOK"),
  EMBEDS: row("embeds", "circle", "EMB"),
  "*": row("any", "ring", "ANY"),
};

const ANY: SocketLook = row("any", "ring", "ANY");
const OTHERS: readonly Shape[] = ["circle", "square", "diamond", "hex", "pentagon", "bow", "arrow", "star"];
const made = new Map<string, SocketLook>();

/** The look of a wire type; of a union ("INT,FLOAT") its first member's; a type of a pack gets one from its name. */
export function socketLook(type: string): SocketLook {
  const first = type.split(",", 1)[0] || "*";
  const known = LOOKS[first] ?? made.get(first);
  if (known) return known;
  const hash = [...first].reduce((h, c) => (h * 31 + (c.codePointAt(0) ?? 0)) >>> 0, 7);
  const hue = hash % 360;
  const look: SocketLook = {
    color: `light-dark(hsl(${hue} 60% 34%), hsl(${hue} 65% 74%))`,
    shape: OTHERS[hash % OTHERS.length] ?? ANY.shape,
    short: first.slice(0, 5),
  };
  made.set(first, look);
  return look;
}
