import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SHAPES, socketLook } from "./sockets";

const tokens = readFileSync("src/theme/tokens.css", "utf8");

const KNOWN = (
  "MODEL CLIP VAE CONDITIONING LATENT IMAGE MASK INT FLOAT STRING BOOLEAN COMBO CONTROL_NET DEPTH_MODEL EDGE_MODEL " +
  "UPSCALE_MODEL TRACE SIGMAS SAMPLER NOISE GUIDER TOKENS EMBEDS *"
).split(" ");

test("#3 no two types share a colour or a shape", () => {
  const looks = KNOWN.map(socketLook);
  expect(new Set(looks.map((l) => l.color)).size).toBe(KNOWN.length);
  expect(new Set(looks.map((l) => l.shape)).size).toBe(KNOWN.length);
});

test("#3 each colour is a token of the theme, each shape can be drawn", () => {
  for (const { color, shape } of KNOWN.map(socketLook)) {
    expect(tokens).toContain(`${/--[\w-]+/.exec(color)?.[0]}:`);
    expect(SHAPES[shape]).toMatch(/^M/);
  }
});

test("#3 a union looks like its first type; a pack's type keeps its look", () => {
  expect(socketLook("INT,FLOAT")).toEqual(socketLook("INT"));
  expect(socketLook("")).toEqual(socketLook("*"));
  expect(socketLook("PACK_THING")).toBe(socketLook("PACK_THING"));
  expect(socketLook("PACK_THING").short).toHaveLength(5);
});
