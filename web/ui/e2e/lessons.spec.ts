/** Lessons: found, opened in their order, and gone through one after another. */

import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, ROOT, test } from "./fixture";

test("#30 lessons by keyboard, one after another", async ({ editor }) => {
  const { page } = editor;
  const files = await readdir(path.join(ROOT, "workflows/lessons"));
  const count = files.filter((name) => name.endsWith(".json")).length;
  await editor.open();
  await editor.command("Lessons…");
  const dialog = page.getByRole("dialog", { name: "Templates" });
  await expect(dialog.getByRole("tab", { name: `Lessons (${count})` })).toHaveAttribute("aria-selected", "true");
  const names = await dialog.getByRole("listitem").getByRole("button").allInnerTexts();
  expect(names.map((name) => Number(/Lesson (\d+):/.exec(name)?.[1]))).toEqual(
    Array.from({ length: count }, (_, n) => n + 1),
  );
  await editor.screenshot("lessons");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const bar = page.getByRole("navigation", { name: "All lessons" });
  await expect(bar).toContainText(`Lesson 1 of ${count}`);
  await expect(bar.getByRole("button", { name: "Previous lesson" })).toBeDisabled();
  await bar.getByRole("button", { name: "Next lesson" }).click();
  await expect(bar).toContainText(`Lesson 2 of ${count}`);
});
