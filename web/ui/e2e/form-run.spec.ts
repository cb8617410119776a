/** The form makes a picture. */

import { expect, test } from "./fixture";

test.use({ variant: "real" });
test.slow();

test("#36 one press makes the picture, shown in large", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  await editor.press("Control+Shift+A");
  const shown = page.getByRole("region", { name: "Form", exact: true });
  await shown.getByRole("button", { name: /Make the picture/ }).click();
  const picture = shown.locator('img[src*="/view?"]');
  await expect(picture).toBeVisible({ timeout: 240_000 });
  expect((await picture.boundingBox())?.width).toBeGreaterThan(300);
  await editor.screenshot("form");
});
