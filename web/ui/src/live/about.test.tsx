import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useServer } from "~/stores/server";
import { aboutOf } from "./about";
import { AboutPicture } from "./AboutPicture";
import { docOf, node, registry } from "./testing";
import type { Registry } from "~/core/types";

const input = (type: string, more: object = {}) => ({ type, required: true, help: "", ...more });
const type = (name: string, inputs: Registry[string]["inputs"]) => ({
  name,
  label: name,
  category: "",
  kind: "pure" as const,
  help: "",
  inputs,
  outputs: [{ name: "out", type: "*", list: false, help: "" }],
  module: "",
});
const types: Registry = {
  ...registry,
  Load: type("Load", { ckpt_name: input("COMBO", { file: "checkpoints" }) }),
  Number: type("Number", { value: input("INT") }),
  Mix: type("Mix", { a: input("CONDITIONING"), b: input("CONDITIONING") }),
};

const FOX = "a fox <script>alert(1)</script>";

const made = docOf({
  "1": node("Load", { ckpt_name: "mini.safetensors" }),
  "2": node("CLIPTextEncode", { text: FOX }, { clip: ["1", 0] }),
  "3": node("CLIPTextEncode", { text: "in snow" }, { clip: ["1", 0] }),
  "4": node("Mix", {}, { a: ["2", 0], b: ["3", 0] }),
  "5": node("CLIPTextEncode", { text: "blurry" }, { clip: ["1", 0] }),
  "6": node("Number", { value: "18446744073709551615" }),
  "7": node(
    "KSampler",
    { steps: 20, cfg: 4, sampler_name: "euler", scheduler: "normal", denoise: 1 },
    { model: ["1", 0], positive: ["4", 0], negative: ["5", 0], seed: ["6", 0] },
  ),
  "8": node("CLIPTextEncode", { text: "used by nobody" }, { clip: ["1", 0] }),
});

test("#25 a picture's prompts are the texts that lead to its sampler, its seed is exact", () => {
  const { prompt, negative, lines } = aboutOf(made, types);
  expect([prompt, negative]).toEqual([`${FOX}\nin snow`, "blurry"]);
  expect(Object.fromEntries(lines.map(({ what, values }) => [what, values.join()]))).toEqual({
    model: "mini.safetensors",
    seed: "18446744073709551615",
    steps: "20",
    cfg: "4",
    sampler: "euler",
    scheduler: "normal",
    denoise: "1",
  });
});

test("#25 what is switched off is not told, and a value that several nodes share once", () => {
  const two = docOf({
    "1": node("KSampler", { steps: 20, seed: 1 }),
    "2": node("KSampler", { steps: 20, seed: 2 }),
    "3": node("KSampler", { steps: 30, seed: 3 }, {}, { mode: "mute" }),
  });
  const { lines } = aboutOf(two, types);
  expect(lines).toEqual([
    { what: "seed", values: ["1", "2"] },
    { what: "steps", values: ["20"] },
  ]);
});

const place = { filename: "a.png", subfolder: "", type: "output" as const };
let answer: Response;

beforeEach(() => {
  useServer.setState({ registry: types });
  vi.stubGlobal("fetch", async (url: string) => (url.startsWith("/view") ? new Response("png") : answer));
});
afterEach(() => vi.unstubAllGlobals());

test("#25 what a picture was made with is told as text", async () => {
  const workflow = { "2": { class_type: "CLIPTextEncode", inputs: { text: FOX } } };
  const sampler = { class_type: "KSampler", inputs: { positive: ["2", 0], seed: 7 } };
  const missing = { types: [], files: [] };
  answer = new Response(
    JSON.stringify({ workflow: { ...workflow, "7": sampler }, problems: [], form: "ours", missing }),
  );
  render(<AboutPicture place={place} />);
  expect(await screen.findByText(FOX)).toBeTruthy();
  expect(screen.getByText("7")).toBeTruthy();
  expect(document.querySelector("script")).toBeNull();
});

test("#25 a picture without a workflow says so", async () => {
  const error = { code: "no_workflow", message: "This picture carries no workflow.", problems: [] };
  answer = new Response(JSON.stringify({ error }), { status: 422 });
  render(<AboutPicture place={place} />);
  await act(async () => {});
  expect(await screen.findByText("This picture tells nothing of how it was made.")).toBeTruthy();
});
