/** The whole story with the keyboard alone: from nothing to a picture, told as it goes. */

import type { Page } from "@playwright/test";
import { expect, test, type Editor } from "./fixture";

test.use({ variant: "real" });
// Some two hundred key strokes, each waited for.
test.setTimeout(900_000);

const focused = (page: Page) => page.locator(":focus");

/** Press Tab until a control of this name has the focus. */
async function tabTo(page: Page, name: RegExp, keys = "Tab"): Promise<void> {
  for (let n = 0; n < 120; n++) {
    const told = await focused(page).evaluateAll((all) =>
      all.map(
        (one) =>
          one.ariaLabel ??
          (one instanceof HTMLInputElement ? one.labels?.[0]?.textContent : null) ??
          one.textContent ??
          "",
      ),
    );
    if (told.some((one) => name.test(one.trim()))) return;
    await page.keyboard.press(keys);
  }
  throw new Error(`Tab leads to nothing called ${name}`);
}

/** Add a node from wherever the keyboard is, by the palette. */
async function add({ page }: Editor, search: string): Promise<void> {
  const before = await page.getByRole("treeitem").count();
  await page.keyboard.press("Shift+A");
  await expect(page.getByRole("combobox").last()).toBeFocused();
  await page.keyboard.type(search);
  await expect(page.getByRole("option").first()).toContainText(search);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("treeitem")).toHaveCount(before + 1);
}

/** In the list, go down to a node; from the details Escape leads there, from elsewhere its key. */
async function goTo({ page }: Editor, name: string): Promise<void> {
  const item = page.getByRole("treeitem", { name: new RegExp(`^${name}`) }).first();
  if (
    await page
      .getByRole("region", { name: /^Details/ })
      .locator(":focus")
      .count()
  )
    await page.keyboard.press("Escape");
  else if (!(await page.getByRole("treeitem").and(focused(page)).count())) await page.keyboard.press("o");
  await expect(page.getByRole("treeitem").and(focused(page))).toBeVisible();
  await page.keyboard.press("Home");
  const items = page.getByRole("treeitem");
  await expect(items.first()).toBeFocused();
  for (let n = 1; n < (await items.count()) && !(await item.and(focused(page)).count()); n++) {
    await page.keyboard.press("ArrowDown");
    await expect(items.nth(n)).toBeFocused();
  }
  await expect(item).toBeFocused();
}

/** Connect an input of a node with the end that a search finds first. */
async function connect(editor: Editor, node: string, input: string, end: string): Promise<void> {
  const { page } = editor;
  await goTo(editor, node);
  await expect(page.getByRole("region", { name: new RegExp(`^Details of ${node}`) })).toBeVisible();
  await page.keyboard.press("Enter");
  await tabTo(page, new RegExp(`^Connect ${input} …`));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog").getByRole("combobox")).toBeFocused();
  await page.keyboard.type(end);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page.locator("[data-announcer]")).toContainText("Connected");
  await page.keyboard.press("Escape");
}

test("#20 text to image from an empty canvas, by keyboard alone", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("New workflow");
  await expect(page.getByRole("option").first()).toContainText("New");
  await page.keyboard.press("Enter");
  await expect(editor.nodes).toHaveCount(0);

  await page.keyboard.press("o");
  await expect(page.getByRole("button", { name: "Add node" }).and(focused(page))).toBeVisible();
  for (const type of [
    "Load Checkpoint",
    "CLIP Text Encode (Prompt)",
    "CLIP Text Encode (Prompt)",
    "Empty Latent Image",
  ])
    await add(editor, type);
  for (const type of ["KSampler", "VAE Decode", "Save Image"]) await add(editor, type);

  await goTo(editor, "Load Checkpoint");
  await page.keyboard.press("Enter");
  await tabTo(page, /^ckpt name$/);
  await page.keyboard.type("mini");
  await expect(page.getByRole("option", { name: /mini-v1/ }).first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("combobox", { name: "ckpt name" }).first()).toContainText("mini-v1");

  await goTo(editor, "CLIP");
  await page.keyboard.press("F2");
  await expect(focused(page)).toHaveAccessibleName("Title");
  await page.keyboard.type("Fox");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("treeitem", { name: /^Fox/ })).toBeVisible();
  await tabTo(page, /^text$/i);
  await page.keyboard.type("flat emoji of a fox on a yellow background");
  await goTo(editor, "CLIP");
  await page.keyboard.press("F2");
  await page.keyboard.type("Nothing");
  await page.keyboard.press("Enter");

  for (const [node, input, end] of [
    ["Fox", "clip", "checkpoint"],
    ["Nothing", "clip", "checkpoint"],
    ["KSampler", "model", "checkpoint"],
    ["KSampler", "positive", "fox"],
    ["KSampler", "negative", "nothing"],
    ["KSampler", "latent image", "empty"],
    ["VAE", "samples", "ksampler"],
    ["VAE", "vae", "checkpoint"],
    ["Save", "images", "decode"],
  ] as const)
    await connect(editor, node, input, end);

  await page.keyboard.press("Control+Enter");
  await expect(page.locator("[data-announcer]")).toContainText(/has started|waits in the queue/, { timeout: 240_000 });
  await expect(page.locator("[data-announcer]")).toContainText("finished: 1 picture", { timeout: 240_000 });
  await expect(page.getByRole("treeitem", { name: /^Fox, .*(done|kept result used)/ })).toBeVisible();
  await goTo(editor, "Save");
  await expect(page.getByRole("treeitem", { name: /Save Image, done/ })).toBeFocused();
  await editor.waitForPicture();
  await editor.screenshot("keyboard");
});
