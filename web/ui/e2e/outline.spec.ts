/** The outline: the workflow as a tree, for people who use the keyboard or listen. */

import { expect, test, type Editor } from "./fixture";

/** Open the outline from anywhere; the keyboard is in its list. */
async function openOutline(editor: Editor) {
  await editor.press("o");
  const tree = editor.page.getByRole("tree");
  await expect(tree.getByRole("treeitem").first()).toBeFocused();
  return tree;
}

const focused = (editor: Editor) => editor.page.locator(":focus");

test.beforeEach(async ({ editor }) => {
  await editor.open();
});

test("#20 the outline lists the nodes in running order, each with what it is", async ({ editor }) => {
  const tree = await openOutline(editor);
  const names = await tree.getByRole("treeitem").evaluateAll((all) => all.map((one) => one.ariaLabel));
  expect(names[0]).toMatch(/^Model, Load Checkpoint/);
  expect(names.at(-1)).toMatch(/^Picture, Save Image/);
  const at = (name: string) => names.findIndex((one) => one?.startsWith(name));
  expect(at("Prompt,")).toBeLessThan(at("Sampler,"));
  expect(at("Sampler,")).toBeLessThan(at("Latent to picture,"));
});

test("#20 arrows, Home, End and letters move; one row at a time is in the tab order", async ({ editor }) => {
  const tree = await openOutline(editor);
  const { keyboard } = editor.page;
  await keyboard.press("End");
  await expect(focused(editor)).toHaveAccessibleName(/^Picture/);
  await keyboard.press("ArrowUp");
  await expect(focused(editor)).toHaveAccessibleName(/^Latent to picture/);
  await keyboard.press("Home");
  await expect(focused(editor)).toHaveAccessibleName(/^Model/);
  await keyboard.type("sam");
  await expect(focused(editor)).toHaveAccessibleName(/^Sampler/);
  await expect(tree.locator('[tabindex="0"]')).toHaveCount(1);
  await expect(editor.node("Sampler")).toHaveClass(/selected/);
});

test("#20 the same key goes to the node on the canvas and back to the list", async ({ editor }) => {
  await openOutline(editor);
  await editor.page.keyboard.type("sam");
  await expect(focused(editor)).toHaveAccessibleName(/^Sampler/);
  await editor.page.keyboard.press("Shift+Enter");
  await expect(editor.node("Sampler")).toBeFocused();
  await editor.page.keyboard.press("o");
  await expect(editor.page.getByRole("treeitem", { name: /^Sampler/ })).toBeFocused();
});

test("#20 renaming, muting, bypassing and deleting by keys, and undo brings all back", async ({ editor }) => {
  const { page } = editor;
  await openOutline(editor);
  await page.keyboard.type("neg");
  await page.keyboard.press("Control+m");
  await expect(focused(editor)).toHaveAccessibleName(/muted/);
  await page.keyboard.press("Control+b");
  await expect(focused(editor)).toHaveAccessibleName(/bypassed/);
  await page.keyboard.press("F2");
  await expect(focused(editor)).toHaveAccessibleName("Title");
  await page.keyboard.type("Not wanted");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("treeitem", { name: /^Not wanted/ })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("treeitem", { name: /^Not wanted/ })).toBeFocused();
  await page.keyboard.press("Delete");
  await expect(page.getByRole("treeitem", { name: /^Not wanted/ })).toHaveCount(0);
  await expect(page.getByRole("treeitem").and(page.locator(":focus"))).toHaveCount(1);
  for (let n = 0; n < 4; n++) await page.keyboard.press("Control+z");
  await expect(page.getByRole("treeitem", { name: /^Negative prompt, CLIP/ })).toBeVisible();
});

test("#4 the list of ends says what fits, and of the rest why not", async ({ editor }) => {
  const { page } = editor;
  await openOutline(editor);
  await page.keyboard.type("sam");
  await page.getByRole("button", { name: "Connect positive …" }).click();
  const dialog = page.getByRole("dialog");
  const fits = dialog.getByRole("option").filter({ hasNot: page.locator('[class*="reason"]') });
  await expect(fits).toHaveCount(2);
  await expect(dialog.getByRole("option", { name: /connected now/ })).toHaveCount(1);
  await dialog.getByRole("combobox").fill("vae");
  await expect(dialog.getByRole("option").first()).toContainText("CONDITIONING");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeVisible();
  await dialog.getByRole("combobox").fill("negative");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(page.locator("[data-announcer]")).toHaveText(/Connected: Negative prompt/);
  await expect(page.getByRole("group", { name: "positive", exact: true }).last()).toContainText("Negative prompt");
});

test("#20 disconnecting, and a value typed in, show on the canvas too", async ({ editor }) => {
  const { page } = editor;
  await openOutline(editor);
  await page.keyboard.type("sam");
  const links = await editor.links.count();
  await page.getByRole("button", { name: "Disconnect negative" }).click();
  await expect(editor.links).toHaveCount(links - 1);
  await expect(page.locator("[data-announcer]")).toHaveText(/Disconnected: Sampler: negative/);
  const details = page.getByRole("region", { name: "Details of Sampler" });
  const steps = details.getByLabel("steps", { exact: true }).and(page.locator("input"));
  await steps.fill("33");
  await steps.press("Enter");
  await expect(editor.widget(editor.node("Sampler"), "steps")).toHaveValue("33");
});

test("#15 a subgraph opens in the list, and its inner nodes can be edited from there", async ({ editor }) => {
  const { page } = editor;
  await openOutline(editor);
  await page.keyboard.type("sam");
  await page.keyboard.press("Shift+Enter");
  await expect(editor.node("Sampler")).toBeFocused();
  await page.keyboard.press("Control+Shift+e");
  await editor.press("o");
  const instance = page.getByRole("treeitem", { expanded: false });
  await expect(instance).toHaveCount(1);
  await instance.click();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("treeitem", { name: /KSampler/ }).last()).toHaveAttribute("aria-level", "2");
  await page.getByRole("treeitem", { name: /^Sampler, KSampler/ }).click();
  await expect(page.getByRole("region", { name: "Details of Sampler" })).toBeVisible();
});
