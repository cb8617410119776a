/** Whole stories on the real server with the mini model. */

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Locator } from "@playwright/test";
import { type Editor, expect, test } from "./fixture";

test.use({ variant: "real" });
test.describe.configure({ timeout: 900_000 });

/** The picture that a node shows, as wide as it was made. */
async function pictureOf(editor: Editor, node: Locator): Promise<Locator> {
  const picture = await editor.waitForPicture(node);
  await expect.poll(() => picture.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThanOrEqual(128);
  return picture;
}

async function setNumber(editor: Editor, node: Locator, label: string, value: number): Promise<void> {
  const field = editor.widget(node, label);
  await field.fill(String(value));
  await field.press("Enter");
}

async function emptyTab(editor: Editor): Promise<void> {
  await editor.page.getByRole("button", { name: "New workflow" }).click();
  await expect(editor.nodes).toHaveCount(0);
}

test("the first start shows text to image, and Ctrl+Enter makes a picture", async ({ editor }) => {
  await editor.open();
  await expect(editor.node("Sampler")).toBeVisible();
  await editor.screenshot("first-start");
  await editor.run();
  await pictureOf(editor, editor.node("Picture"));
  await editor.screenshot("first-picture");
});

test("#1 #2 #9 #21 from an empty canvas: palette, links, run, preview, picture, and undo back to nothing", async ({
  editor,
}) => {
  await editor.open();
  const { page } = editor;
  await emptyTab(editor);
  const model = await editor.addNode("CheckpointLoaderSimple", { x: 240, y: 160 });
  const size = await editor.addNode("EmptyLatentImage", { x: 240, y: 460 });
  const positive = await editor.addNode("CLIPTextEncode", { x: 540, y: 160 });
  const negative = await editor.addNode("CLIPTextEncode", { x: 540, y: 460 });
  const sampler = await editor.addNode("KSampler", { x: 840, y: 160 });
  const decode = await editor.addNode("VAEDecode", { x: 1140, y: 160 });
  const save = await editor.addNode("SaveImage", { x: 1140, y: 460 });
  await expect(editor.nodes).toHaveCount(7);

  await editor.connect(model, "out:0", sampler, "in:model");
  await editor.connect(model, "out:1", positive, "in:clip");
  await editor.connect(model, "out:1", negative, "in:clip");
  await editor.connect(positive, "out:0", sampler, "in:positive");
  await editor.connect(negative, "out:0", sampler, "in:negative");
  await editor.connect(size, "out:0", sampler, "in:latent_image");
  await editor.connect(sampler, "out:0", decode, "in:samples");
  await editor.connect(model, "out:2", decode, "in:vae");
  await editor.connect(decode, "out:0", save, "in:images");
  await expect(editor.links).toHaveCount(9);
  await editor.widget(positive, "text").fill("flat emoji of a cat");
  await editor.widget(model, "ckpt name").click();
  await page.getByRole("option", { name: /mini-v1/ }).click();
  await setNumber(editor, size, "width", 128);
  await setNumber(editor, size, "height", 128);

  await editor.screenshot("built-by-hand");
  await setNumber(editor, sampler, "steps", 5000);
  await editor.run();
  await expect(sampler.getByRole("img", { name: /^Preview/ })).toBeVisible({ timeout: 240_000 });
  await editor.screenshot("preview");
  await page.keyboard.press("Control+Alt+Enter");
  await setNumber(editor, sampler, "steps", 20);
  await editor.run();
  await pictureOf(editor, save);
  await editor.screenshot("built-picture");

  for (let i = 0; i < 40 && (await editor.nodes.count()) > 0; i++) await editor.press("Control+z");
  await expect(editor.nodes).toHaveCount(0);
  await expect(editor.links).toHaveCount(0);
  for (let i = 0; i < 40 && (await editor.links.count()) < 9; i++) await editor.press("Control+Shift+z");
  await expect(editor.nodes).toHaveCount(7);
});

test("#24 a picture dropped on the canvas opens the workflow that made it", async ({ editor }) => {
  await editor.open();
  await editor.run();
  await pictureOf(editor, editor.node("Picture"));
  const folder = path.join(editor.server.data, "output");
  const [name = ""] = (await readdir(folder)).filter((file) => /^text_to_image.*\.png$/.test(file));
  const bytes = await readFile(path.join(folder, name));
  await emptyTab(editor);
  await editor.drop({ name, type: "image/png", bytes });
  await expect(editor.node("Sampler")).toBeVisible();
  await expect(editor.nodes).toHaveCount(7);
});

test("#23 a broken link is told at the very input, in plain words", async ({ editor }) => {
  await editor.open();
  const decode = editor.node("Latent to picture");
  const at = await editor.middleOfLink(decode, "vae");
  await editor.page.keyboard.down("Alt");
  await editor.page.mouse.click(at.x, at.y);
  await editor.page.keyboard.up("Alt");
  await expect(editor.links).toHaveCount(8);
  editor.allow(/400 \(Bad Request\).*\/api\/v1\/jobs/);
  await editor.run();
  await decode.hover();
  await expect(decode.getByText(/needs a VAE/i)).toBeVisible();
  await editor.screenshot("broken-link");
});

test("the server is killed in the middle and comes back: the job ends and its picture is shown", async ({ editor }) => {
  await editor.open();
  const sampler = editor.node("Sampler");
  await setNumber(editor, sampler, "steps", 400);
  await editor.run();
  await expect(sampler).toHaveAccessibleName(/running/i, { timeout: 240_000 });
  const newest = async () =>
    (await editor.server.ask<{ jobs: { id: string; state: string }[] }>("GET", "/api/v1/jobs?limit=1")).jobs[0];
  const job = await newest();
  const lost = editor.page.getByRole("alert").getByText(/The server does not answer/);
  await editor.server.kill();
  await expect(lost).toBeVisible();
  await editor.screenshot("live-lost");
  await editor.server.restart();
  await expect(lost).toBeHidden({ timeout: 240_000 });
  await pictureOf(editor, editor.node("Picture"));
  await expect.poll(newest).toMatchObject({ id: job?.id, state: "success" });
});

test("on a phone the frame folds, and the picture is made all the same", async ({ editor }) => {
  await editor.page.setViewportSize({ width: 390, height: 844 });
  await editor.open();
  await editor.screenshot("phone");
  const wider = await editor.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  expect(wider, "nothing stands out at the side").toBe(false);
  await editor.page.getByRole("button", { name: /^run/i }).first().click();
  await editor.page.getByRole("button", { name: "Preview" }).click();
  await editor.waitForPicture();
  await editor.screenshot("phone-picture");
});
