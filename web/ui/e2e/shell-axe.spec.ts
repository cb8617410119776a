/** axe over the frame's own parts that the other states do not show. */

import { faults } from "./faults";
import { type Editor, expect, test } from "./fixture";

const STATES: Record<string, (editor: Editor) => Promise<void>> = {
  "the main menu": async (editor) => {
    await editor.page.getByRole("button", { name: "Menu" }).click();
    await editor.page.keyboard.press("ArrowDown");
    await editor.page.keyboard.press("ArrowRight");
    await expect(editor.page.getByRole("menu")).toHaveCount(2);
  },
  "the library": async (editor) => {
    await editor.press("n");
    await editor.page.getByRole("treeitem", { name: /^Sampling/ }).click();
    await editor.page.locator('[data-type="KSampler"]').hover();
    await expect(editor.page.getByRole("complementary")).toBeVisible();
  },
  "the history": async (editor) => {
    await editor.addNode("ksampler");
    await editor.command("History");
    await expect(editor.page.locator("[aria-current=step]")).toBeVisible();
  },
  "the page about it": async (editor) => {
    await editor.command("About Inkwater");
    await expect(editor.page.getByRole("dialog", { name: "About Inkwater" })).toBeVisible();
    await editor.screenshot("shell-about");
  },
  "keys that clash": async (editor) => {
    await editor.press("?");
    await editor.page.getByRole("button", { name: "Change the keys of “Next theme”" }).click();
    await editor.page.getByRole("textbox", { name: /^Press keys/ }).press("Control+z");
    await expect(editor.page.getByRole("alert")).toBeVisible();
  },
};

for (const [name, enter] of Object.entries(STATES))
  test(`#20 axe finds nothing: ${name}`, async ({ editor }) => {
    await editor.open();
    await enter(editor);
    expect(await faults(editor)).toEqual([]);
  });
