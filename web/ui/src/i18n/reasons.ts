/** Sentences about model files, axes and recordings, which the server tells ready made, in the reader's language: known
 * by their shape. What is not known stays as it is. */

import i18next from "i18next";

interface Shape {
  readonly pattern: RegExp;
  /** Under problems:reason. */
  readonly key: string;
}

/** Named groups are the values of the sentence. */
const SHAPES: readonly Shape[] = [
  {
    pattern: /^(?<name>.+) has no (?<missing>.+): it holds only (?<there>.+?); take one from (?<loader>\w+)\.$/,
    key: "lacks_loader",
  },
  { pattern: /^(?<name>.+) has no (?<missing>.+): it holds only (?<there>.+)\.$/, key: "lacks" },
  { pattern: /^(?<name>.+) is not a safetensors file: it has only (?<size>\d+) bytes\.$/, key: "short" },
  {
    pattern: /^(?<name>.+) is damaged or cut short: its tensor "(?<tensor>.*)" does not fit its (?<size>\d+) bytes\.$/s,
    key: "cut",
  },
  { pattern: /^(?<name>.+) is damaged or cut short: the end of its archive is missing\.$/, key: "torn" },
  { pattern: /^(?<name>.+) is no model but a pointer of Git LFS to it; .+$/, key: "pointer" },
  { pattern: /^(?<name>.+) is no model but a web page; .+$/, key: "page" },
  { pattern: /^(?<name>.+) is no model but a file in the format (?<format>\w+),.+$/, key: "format" },
  { pattern: /^(?<name>.+) is damaged: it holds numbers that are not finite\.$/, key: "notFinite" },
  { pattern: /^(?<name>.+) holds fp8 weights with scales of their own,.+$/, key: "scaled" },
  {
    pattern: /^(?<name>.+) lacks (?<count>\d+) of the (?<all>\d+) tensors .+?, such as (?<some>.+)\.$/,
    key: "lacks_tensors",
  },
  { pattern: /^(?<name>.+) is one of the two text encoders of (?<of>.+); load both .+$/, key: "oneOfTwo" },
  { pattern: /^(?<name>.+) is no LoRA: .+$/s, key: "noLora" },
  { pattern: /^(?<name>.+) is a Control-LoRA, not a LoRA: .+$/s, key: "controlLora" },
  { pattern: /^(?<name>.+) is no embedding: .+$/s, key: "noEmbedding" },
  { pattern: /^(?<name>.+) is no hypernetwork: .+$/s, key: "noHypernetwork" },
  { pattern: /^(?<name>.+) is no small autoencoder \(TAESD\): .+$/s, key: "noTaesd" },
  { pattern: /^(?<name>.+) is not a ControlNet; .+$/s, key: "noControlNet" },
  { pattern: /^(?<name>.+) is not a depth estimator \((?<known>.+?)\); .+$/s, key: "noDepth" },
  { pattern: /^(?<name>.+) is not a network that finds soft edges .+$/s, key: "noEdges" },
  { pattern: /^(?<name>.+) is not an upscaler that can be used \((?<known>.+?)\); .+$/s, key: "noUpscaler" },
  { pattern: /^(?<name>.+) is not a sound safetensors file: .+$/s, key: "unsound" },
  { pattern: /^(?<name>.+) is not a PyTorch model file, or it is damaged\.$/, key: "notTorch" },
  { pattern: /^(?<name>.+) is not a safe model file: .+$/s, key: "unsafe" },
  { pattern: /^(?<name>.+) holds no table of tensors\.$/, key: "noTensors" },
  { pattern: /^(?<name>.+): not a checkpoint of a known family \((?<known>.+?)\);.+$/s, key: "unknown" },
  { pattern: /^(?<name>.+): it holds a (?<part>.+) of no known family \((?<known>.+?)\):.+$/s, key: "family" },
  { pattern: /^(?<name>.+): no such file\.$/, key: "missing" },
];

/** Of the axes of a plot. */
const AXES: readonly Shape[] = [
  { pattern: /^"(?<name>.*)" names no input; .+$/s, key: "axisName" },
  {
    pattern: /^there is no node "(?<name>.*)" above this grid(?:; (?:did you mean|there are) (?<near>.+?))?[.?]$/s,
    key: "axisNode",
  },
  { pattern: /^(?<name>.+) \(node (?<id>.+)\) does not lead to the picture of this grid; .+$/s, key: "axisElsewhere" },
  {
    pattern: /^(?<number>\d+) nodes are called "(?<name>.*)" \((?<ids>.+)\); .+ for example (?<example>.+)\.$/s,
    key: "axisSeveral",
  },
  {
    pattern: /^(?<name>.+) has no input "(?<input>.*?)"(?:; (?:did you mean|there are) (?<near>.+?))?[.?]$/s,
    key: "axisInput",
  },
  { pattern: /^(?<target>.+) takes (?<type>\S+), which comes by a link .+$/s, key: "axisLink" },
  { pattern: /^it has values and no input; .+$/, key: "axisAlone" },
  { pattern: /^(?<target>.+) takes .+, and "(?<value>.*)" is none\.$/s, key: "axisValue" },
  { pattern: /^(?<target>.+): the range (?<range>.+) never reaches its end .+$/s, key: "axisRange" },
  { pattern: /^(?<target>.+): that is more than (?<most>\d+) values,.+$/s, key: "axisMany" },
  { pattern: /^(?<target>.+?): there is no file "(?<name>.*?)" among .+$/s, key: "axisFile" },
  { pattern: /^(?<target>.+?): "(?<value>.*)" is not among its choices.+$/s, key: "axisChoice" },
  { pattern: /^(?<target>.+): (?<value>\S+) is below the minimum (?<least>\S+)\.$/s, key: "axisLeast" },
  { pattern: /^(?<target>.+): (?<value>\S+) is above the maximum (?<most>\S+)\.$/s, key: "axisMost" },
  { pattern: /^both axes change (?<target>.+); .+$/s, key: "axisBoth" },
  { pattern: /^the grid would have (?<cells>.+) cells, and (?<most>\d+) are the most; .+$/s, key: "axisCells" },
];

/** Of what is not recorded, and of recordings that cannot be read. */
const RECORDINGS: readonly Shape[] = [
  {
    pattern:
      /^This run is not recorded: its .+ take about (?<need>.+), and recordings may take (?<budget>.+) together;.+$/,
    key: "recordTooLarge",
  },
  { pattern: /^This run is not recorded: (?<path>.+) cannot be written \((?<why>.+)\); .+$/s, key: "recordUnwritable" },
  {
    pattern: /^This run is not recorded: the disk of (?<path>.+) is slower than the sampler\.$/s,
    key: "recordTooSlow",
  },
  { pattern: /^A (?:sampler step|run of the sampler) could not be recorded: (?<why>.+)\.$/s, key: "recordFailed" },
  { pattern: /^There is no recording (?<name>\S+): .+$/, key: "recordGone" },
  { pattern: /^The recording (?<name>\S+) cannot be read \((?<why>.+)\)\.$/s, key: "recordUnreadable" },
  { pattern: /^The recording (?<name>\S+) is of another version of Inkwater .+$/, key: "recordVersion" },
  { pattern: /^The recording (?<name>\S+) is damaged: .+$/, key: "recordDamaged" },
];

/** "denoiser (UNet) and no VAE", "text encoder (CLIP), VAE" in the reader's words. */
const parts = (text: string): string =>
  text
    .split(/ and no |, /)
    .map((part) => i18next.t(`problems:part.${part.split(" (")[0]}`, { defaultValue: part }))
    .join(", ");

const PARTS = new Set(["missing", "there", "part"]);

/** The sentence in the reader's language, if its shape is known; English is as the server has it. */
export function reasonText(sentence: string): string {
  if (i18next.language.startsWith("en")) return sentence;
  for (const { pattern, key } of [...SHAPES, ...AXES, ...RECORDINGS]) {
    const found = pattern.exec(sentence);
    if (!found) continue;
    const told = Object.entries(found.groups ?? {}).map(
      ([name, value = "…"]) => [name, PARTS.has(name) ? parts(value) : value] as const,
    );
    return i18next.t(`problems:reason.${key}`, Object.fromEntries(told));
  }
  return sentence;
}
