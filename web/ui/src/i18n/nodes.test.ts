/** No node type of the server is without Vietnamese words, and none is named that it does not have. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import i18next from "~/i18n";
import type { NodeType } from "~/core/types";
import en from "./en/nodes.json";
import { categoryLabel, helpOf, inputHelp, inputLabel, labelOf, outputHelp, outputLabel } from "./nodes";
import vi from "./vi/nodes.json";

/** The paths of all texts. */
const paths = (value: unknown, at = ""): string[] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => paths(inner, `${at}/${key}`))
    : [at];

const texts = (value: unknown): string[] =>
  typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [String(value)];

test("#34 each type, input, output and category has a label and help in Vietnamese", () => {
  expect(paths(vi).toSorted()).toEqual(paths(en).toSorted());
  expect(texts(vi).filter((text) => !text.trim())).toEqual([]);
});

const type: NodeType = {
  name: "KSampler",
  label: "Sampler of the server",
  category: "sampling/custom_sampling",
  kind: "pure",
  help: "Noise and denoise.",
  inputs: {
    latent_image: { type: "LATENT", required: true, help: "Where to start." },
    own_input: { type: "INT", required: false, help: "Of a newer server.", label: "mine" },
  },
  outputs: [{ name: "LATENT", type: "LATENT", list: false, help: "The latent." }],
  module: "nodes",
};

describe("#34 English", () => {
  test("comes from the server", () => {
    expect(labelOf(type)).toBe("Sampler of the server");
    expect(helpOf(type)).toBe("Noise and denoise.");
    expect(inputLabel(type, "latent_image")).toBe("latent image");
    expect(inputHelp(type, "latent_image")).toBe("Where to start.");
    expect(outputLabel(type, 0)).toBe("LATENT");
    expect(outputLabel(type, 4)).toBe("4");
    expect(categoryLabel(type.category)).toBe("Sampling / Custom sampling");
  });
});

describe("#34 Vietnamese", () => {
  beforeAll(() => void i18next.changeLanguage("vi"));
  afterAll(() => void i18next.changeLanguage("en"));

  test("comes from the book, and what it lacks from the server", () => {
    expect(inputLabel(type, "latent_image")).toBe("latent ban đầu");
    expect(inputLabel(type, "own_input")).toBe("mine");
    expect(inputHelp(type, "own_input")).toBe("Of a newer server.");
    expect(outputLabel(type, 0)).toBe("latent");
    expect(outputHelp(type, 0)).toBe("The latent.");
    expect(categoryLabel("sampling/mine")).toBe("Lấy mẫu / Mine");
  });

  test("names that every object has are no words", () => {
    const odd: NodeType = { ...type, name: "constructor", label: "Odd", inputs: {}, outputs: [] };
    expect(labelOf(odd)).toBe("Odd");
    expect(inputLabel(odd, "toString")).toBe("toString");
    expect(categoryLabel("constructor")).toBe("Constructor");
  });

  test("another language can be asked for", () => {
    expect(labelOf({ ...type, name: "SaveImage", label: "Save Image" }, "en")).toBe("Save Image");
    expect(labelOf({ ...type, name: "SaveImage", label: "Save Image" }, "vi")).toBe("Lưu ảnh");
  });
});
