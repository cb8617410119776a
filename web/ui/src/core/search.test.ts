import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fold, indexed, marked, search } from "~/core/search";

const item = (id: string, ...more: string[]) => ({
  id,
  fields: [{ text: id, weight: 1 }, ...more.map((text) => ({ text, weight: 0.9 }))],
});

const nodes = indexed([
  item("KSampler", "sampling", "MODEL"),
  item("KSamplerAdvanced", "KSampler (nâng cao)"),
  item("KSamplerSelect", "Chọn sampler"),
  item("VAEDecode", "Giải mã VAE"),
  item("VAEDecodeTiled", "Giải mã VAE (chia ô)"),
  item("CheckpointLoaderSimple", "Load Checkpoint", "Tải checkpoint"),
  item("CLIPTextEncode", "CLIP Text Encode (Prompt)", "Mã hóa prompt (CLIP)"),
  item("ConditioningCombine", "Điều kiện: kết hợp"),
  item("ImageInvert", "Đảo màu ảnh"),
  item("SaveImage", "Lưu ảnh"),
]);

const ids = (query: string) => search(nodes, query).map((f) => f.id);
const best = (query: string) => ids(query)[0];

describe("#1 the palette's search", () => {
  test.each([
    ["ksampler", "KSampler"],
    ["ksam adv", "KSamplerAdvanced"],
    ["adv ksam", "KSamplerAdvanced"],
    ["ks", "KSampler"],
    ["vdt", "VAEDecodeTiled"],
    ["decode", "VAEDecode"],
    ["load check", "CheckpointLoaderSimple"],
    ["ckptldr", undefined],
    ["chekpoint", "CheckpointLoaderSimple"],
    ["checkpiont", "CheckpointLoaderSimple"],
    ["cliptxtenc", "CLIPTextEncode"],
    ["prompt", "CLIPTextEncode"],
    ["zzz", undefined],
  ])("%s finds %s", (query, id) => {
    expect(best(query)).toBe(id);
  });

  test("#34 diacritics may be left out, and đ is d", () => {
    expect(best("luu anh")).toBe("SaveImage");
    expect(best("dieu kien")).toBe("ConditioningCombine");
    expect(best("đảo")).toBe("ImageInvert");
    expect(best("dao mau")).toBe("ImageInvert");
    expect(best("DIEU")).toBe("ConditioningCombine");
  });

  test("what is used often comes first among equals, not before what matches better", () => {
    expect(search(nodes, "vae", (id) => (id === "VAEDecodeTiled" ? 1 : 0))[0]?.id).toBe("VAEDecodeTiled");
    expect(search(nodes, "ksampler", (id) => (id === "ConditioningCombine" ? 1 : 0))[0]?.id).toBe("KSampler");
  });

  test("all words must match", () => {
    expect(ids("save vae")).toEqual([]);
  });

  test("no words find nothing", () => {
    expect(ids("  ")).toEqual([]);
  });
});

/** Letters that fold, that do not, that are two code units, and marks that stand alone or join. */
const unit = fc.constantFrom(..."aZ0 -_đĐếộƯñßﬁİıǅΣς漢𝒜🦊", "e\u0301", "\u0323", "u\u031b\u0301");

/** As the palette has node types: the label weighs more than the name. */
const named = (id: string, label: string) => ({
  id,
  fields: [
    { text: label, weight: 1.05 },
    { text: id, weight: 1 },
  ],
});

test("#1 a name that is typed whole is first, though a label that weighs more begins with it", () => {
  const index = indexed([
    named("CLIPTextEncodeSDXL", "CLIPTextEncodeSDXL"),
    named("CLIPTextEncode", "CLIP Text Encode (Prompt)"),
  ]);
  expect(search(index, "CLIPTextEncode").map((f) => f.id)).toEqual(["CLIPTextEncode", "CLIPTextEncodeSDXL"]);
});

test("folding keeps places, and it does not matter how a letter and its marks are written", () => {
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      expect(fold(text)).toHaveLength(text.normalize("NFC").length);
      expect(fold(text.normalize("NFD"))).toBe(fold(text));
    }),
  );
});

test("each item is found by its own words, with and without marks", () => {
  fc.assert(
    fc.property(fc.constantFrom(...nodes.items), (one) => {
      for (const { text } of one.fields) expect(ids(text)).toContain(one.id);
    }),
  );
});

test("marks are parts of the text in order, none over another", () => {
  expect(marked("Điều kiện: kết hợp", "dieu hop")).toEqual([
    [0, 4],
    [15, 18],
  ]);
  fc.assert(
    fc.property(fc.string({ unit }), fc.string({ unit }), (text, query) => {
      let end = 0;
      for (const [from, to] of marked(text, query)) {
        expect(from).toBeGreaterThanOrEqual(end);
        expect(to).toBeGreaterThan(from);
        expect(to).toBeLessThanOrEqual(text.normalize("NFC").length);
        end = to;
      }
    }),
  );
});
