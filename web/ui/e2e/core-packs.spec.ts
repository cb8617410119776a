/** What packs add to the editor, and what becomes of a pack that fails. */

import { expect, test } from "./fixture";

test.use({ packs: ["kit", "broken"] });

test("a pack's widget edits its input, a panel follows the graph, a command changes it", async ({ editor }) => {
  await editor.open();
  const { page } = editor;
  const node = await editor.addNode("KitDial");
  const dial = node.getByRole("slider", { name: /number/i });
  await expect(dial).toHaveValue("10");
  await dial.fill("64");
  await expect(dial).toHaveValue("64");
  await expect(node.locator("output")).toHaveText("64");
  await editor.press("Control+z");
  await expect(dial).toHaveValue("10");
  await editor.press("Control+Shift+z");
  await editor.command("Kit: reset the dials");
  await expect(dial).toHaveValue("0");

  await page.getByRole("button", { name: "Kit summary" }).click();
  await expect(page.getByText("8 nodes", { exact: true })).toBeVisible();
  await editor.addNode("KitValue");
  await expect(page.getByText("9 nodes", { exact: true })).toBeVisible();
  await editor.screenshot("packs");
});

test("a pack that throws is named and switched off, and the rest works", async ({ editor }) => {
  await editor.open();
  await expect(editor.page.getByText(/The pack broken failed .* the broken pack throws/)).toBeVisible();
  await expect(await editor.addNode("BrokenValue")).toBeVisible();
  await editor.command("Show node packs");
  await expect(editor.page.getByRole("dialog").getByText("switched off")).toBeVisible();
});
