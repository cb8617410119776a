/** Large graphs of real node types, as files of ours. */

type File = Record<string, { class_type: string; inputs: Record<string, unknown>; _meta: Record<string, unknown> }>;

/** Seven nodes and nine links: a whole text-to-image. */
const BLOCK: readonly (readonly [type: string, x: number, y: number, inputs: Record<string, unknown>])[] = [
  ["CheckpointLoaderSimple", 0, 0, { ckpt_name: "mini-v1.safetensors" }],
  ["CLIPTextEncode", 320, 0, { text: "flat emoji of a fox", clip: [0, 1] }],
  ["CLIPTextEncode", 320, 200, { text: "", clip: [0, 1] }],
  ["EmptyLatentImage", 320, 400, { width: 128, height: 128, batch_size: 1 }],
  [
    "KSampler",
    640,
    0,
    {
      model: [0, 0],
      positive: [1, 0],
      negative: [2, 0],
      latent_image: [3, 0],
      seed: 7,
      steps: 20,
      cfg: 4,
      sampler_name: "euler",
      scheduler: "normal",
      denoise: 1,
    },
  ],
  ["VAEDecode", 960, 0, { samples: [4, 0], vae: [0, 2] }],
  ["SaveImage", 1280, 0, { images: [5, 0], filename_prefix: "perf" }],
];

const WIDTH = 1620;
const HEIGHT = 620;

/** So many nodes, in blocks that lie in a square. */
export function largeGraph(count: number): File {
  const blocks = Math.ceil(count / BLOCK.length);
  const columns = Math.max(1, Math.round(Math.sqrt((blocks * HEIGHT) / WIDTH)));
  const file: File = {};
  for (let n = 0; n < count; n++) {
    const block = Math.floor(n / BLOCK.length);
    const row = BLOCK[n % BLOCK.length];
    if (!row) continue;
    const [type, x, y, inputs] = row;
    const first = block * BLOCK.length + 1;
    const linked = Object.entries(inputs).map(([name, value]) =>
      Array.isArray(value) ? [name, [String(first + Number(value[0])), value[1]]] : [name, value],
    );
    file[String(n + 1)] = {
      class_type: type,
      inputs: Object.fromEntries(linked),
      _meta: { pos: [(block % columns) * WIDTH + x, Math.floor(block / columns) * HEIGHT + y] },
    };
  }
  return file;
}
