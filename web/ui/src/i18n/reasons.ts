/** Sentences about model files, which the server tells ready made, in the reader's language: known by their shape.
 * What is not known stays as it is. */

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
  { pattern: /^(?<name>.+) is not a sound safetensors file: .+$/s, key: "unsound" },
  { pattern: /^(?<name>.+) is not a PyTorch model file, or it is damaged\.$/, key: "notTorch" },
  { pattern: /^(?<name>.+) is not a safe model file: .+$/s, key: "unsafe" },
  { pattern: /^(?<name>.+) holds no table of tensors\.$/, key: "noTensors" },
  { pattern: /^(?<name>.+): not a checkpoint of a known family \((?<known>.+?)\);.+$/s, key: "unknown" },
  { pattern: /^(?<name>.+): it holds a (?<part>.+) of no known family \((?<known>.+?)\):.+$/s, key: "family" },
  { pattern: /^(?<name>.+): no such file\.$/, key: "missing" },
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
  for (const { pattern, key } of SHAPES) {
    const values = pattern.exec(sentence)?.groups;
    if (!values) continue;
    const told = Object.entries(values).map(([name, value]) => [name, PARTS.has(name) ? parts(value) : value] as const);
    return i18next.t(`problems:reason.${key}`, Object.fromEntries(told));
  }
  return sentence;
}
