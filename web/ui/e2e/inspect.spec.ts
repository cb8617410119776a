/** Looking at values: the card beside an output, and words and spots of a recorded run. */

import { faults } from "./faults";
import { type Editor, expect, test } from "./fixture";

test.use({ variant: "real" });
test.describe.configure({ timeout: 600_000 });

const LONG = { timeout: 240_000 };

const card = ({ page }: Editor) => page.getByRole("dialog", { name: /^Value of/ });

test("a click on an output shows its value beside it; what is missing is made by a run up to there", async ({
  editor,
}) => {
  const { page } = editor;
  await editor.open();
  // A prompt of its own: what another story has made is kept.
  await editor.node("Prompt").getByRole("textbox").fill("flat emoji of a fox that nobody has looked at");
  const dot = editor.socket(editor.node("Prompt"), "out:0");
  await dot.click();
  await expect(card(editor)).toHaveAccessibleName("Value of Prompt: CONDITIONING");
  await card(editor).getByRole("button", { name: "Run up to here" }).click();
  await expect(card(editor).getByRole("img", { name: /^Length of the vector by Token/ })).toBeVisible(LONG);
  await expect(card(editor).getByText("Shape")).toBeVisible();
  await expect(editor.node("Picture").locator("img")).toHaveCount(0);
  expect.soft(await faults(editor)).toEqual([]);
  await editor.screenshot("inspect-card");

  await page.keyboard.press("Escape");
  await expect(card(editor)).toHaveCount(0);
  await editor.press("Control+a");
  const links = await editor.links.count();
  await editor.socket(editor.node("Model"), "out:2").focus();
  await page.keyboard.press("v");
  await expect(card(editor)).toHaveAccessibleName("Value of Model: VAE");
  await expect(card(editor).getByText("mini-v1.safetensors")).toBeVisible();
  await page.keyboard.press("Escape");
  expect(await editor.links.count()).toBe(links);

  await editor.press("o");
  await page.getByRole("treeitem", { name: /^Prompt/ }).click();
  await page.getByRole("button", { name: "Show value: CONDITIONING" }).click();
  await expect(card(editor)).toHaveAccessibleName("Value of Prompt: CONDITIONING");
});

test("a word lights its heat on the picture, a spot lights the words that it read", async ({ editor }) => {
  const { page } = editor;
  await page.addInitScript(() => localStorage.setItem("inkwater.settings", JSON.stringify({ record: "attention" })));
  await editor.open();
  await editor.run();
  await editor.waitForPicture(editor.node("Picture"));
  const prompt = editor.node("Prompt").getByRole("textbox");
  await expect(editor.node("Prompt").getByText("Click a word for its heat")).toBeVisible(LONG);

  const at = (await prompt.inputValue()).indexOf("fox") + 1;
  await prompt.evaluate((box: HTMLTextAreaElement, place) => {
    box.focus();
    box.setSelectionRange(place, place);
  }, at);
  await page.keyboard.press("Alt+Enter");
  const heat = editor.node("Picture").locator('img[src*="/attention"]');
  await expect.poll(() => heat.evaluate((img: HTMLImageElement) => img.naturalWidth), LONG).toBeGreaterThan(0);
  const lit = editor.node("Prompt").locator("[data-share]");
  await expect(lit).toHaveText(["fox"]);
  const first = await heat.getAttribute("src");
  await page.getByRole("button", { name: "A later sampler step" }).click();
  await expect.poll(() => heat.getAttribute("src")).not.toBe(first);
  expect.soft(await faults(editor)).toEqual([]);
  await editor.screenshot("inspect-heat");

  const spots = page.getByRole("button", { name: /^Which words a spot of/ });
  await spots.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowUp");
  await expect(heat).toHaveCount(0);
  await expect.poll(() => lit.count(), LONG).toBeGreaterThan(1);
  await expect(editor.node("Picture").locator("output", { hasText: /\d+ %/ })).toBeVisible();
  expect.soft(await faults(editor)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(lit).toHaveCount(0);
  await page.getByRole("button", { name: /^Open / }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
});
