/** Whole stories, from the first start on. */

import { expect, test } from "./fixture";

test("the editor starts without an error and asks no other host", async ({ editor }) => {
  await editor.open();
  await editor.screenshot("start");
  await expect(editor.page).toHaveTitle(/Inkwater/);
});
