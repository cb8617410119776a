import fc from "fast-check";
import i18next from "i18next";
import { beforeEach, describe, expect, it } from "vitest";
import answersText from "~/api/recorded/answers.json?raw";
import { checked } from "~/api/schema";
import { allFacts, bytesText, factsText, rateText, secondsLeft, secondsText } from "./format";

beforeEach(async () => void (await i18next.changeLanguage("en")));

describe("figures", () => {
  it("tells bytes in two or three figures", () => {
    expect([0, 999, 1500, 54_450_348, 999_600, 3.2e9].map(bytesText)).toEqual([
      "0 B",
      "999 B",
      "1.5 kB",
      "54 MB",
      "1.0 MB",
      "3.2 GB",
    ]);
  });

  it("tells seconds as long as they are", () => {
    expect([0, 0.001, 0.05, 1.45, 12.4, 125, 3720].map(secondsText)).toEqual([
      "< 1 ms",
      "1 ms",
      "50 ms",
      "1.5 s",
      "12 s",
      "2:05 min",
      "1:02 h",
    ]);
  });

  it("writes decimals as the language does", async () => {
    await i18next.changeLanguage("vi");
    expect(secondsText(4.12)).toBe("4,1 s");
  });

  it("tells slow samplers in seconds for a step", () => {
    expect([rateText(14.2), rateText(2), rateText(0.25)]).toEqual(["14 it/s", "2.0 it/s", "4.0 s/it"]);
  });

  it("never promises a time that is not finite or below zero", () => {
    const count = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(count, count, fc.double({ min: 0, max: 1e4, noNaN: true }), (done, total, rate) => {
        const left = secondsLeft({ done, total, rate });
        if (left !== null) expect(left).toBeGreaterThan(0);
      }),
    );
  });
});

describe("what a step gives", () => {
  const { steps } = checked.parse((JSON.parse(answersText) as { check: unknown }).check);
  const of = (node: string) => allFacts(steps.find((step) => step.node === node)?.facts ?? []);

  it("is the latent's shape, the picture's size, the model's family", () => {
    expect([of("1"), of("4"), of("5"), of("6"), of("7")]).toEqual(["mini1", "4×16×16", "4×16×16", "128×128", ""]);
  });

  it("names how many there are, and takes the latent's own scale", () => {
    expect(factsText({ width: 512, height: 256, batch: 4 })).toBe("4 × 512×256");
    expect(factsText({ width: 64, height: 64, batch: 2, channels: 3, bytes: 2 * 3 * 16 * 16 * 4 })).toBe("2 × 3×16×16");
    expect(factsText({})).toBe("");
  });
});
