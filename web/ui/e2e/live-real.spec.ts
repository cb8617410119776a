/** Runs with the mini model: previews, progress, stopping, the server's death in the middle. */

import { type Editor, expect, test } from "./fixture";

test.use({ variant: "real" });
test.describe.configure({ timeout: 900_000 });

interface Row {
  id: string;
  state: string;
}

const newest = async (editor: Editor): Promise<Row | undefined> =>
  (await editor.server.ask<{ jobs: Row[] }>("GET", "/api/v1/jobs?limit=1")).jobs[0];

const setSteps = async (editor: Editor, steps: number): Promise<void> => {
  const field = editor.widget(editor.node("Sampler"), "steps");
  await field.fill(String(steps));
  await field.press("Enter");
};

const preview = (editor: Editor) =>
  editor.node("Sampler").getByRole("img", { name: "Preview of the picture that is being made" });

test("#21 #22 a run shows previews, progress, its picture, and what each node took", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  // Long enough to be looked at, whichever of page and server the machine favours.
  await setSteps(editor, 5000);
  await editor.run();
  await expect(page.getByRole("progressbar", { name: "Progress of the run" })).toBeVisible({ timeout: 240_000 });
  await expect(preview(editor)).toBeVisible({ timeout: 240_000 });
  await expect(preview(editor)).toHaveAttribute("src", /^blob:/);
  await expect(editor.node("Sampler").getByText(/\d+ \/ 5000/)).toBeVisible();
  await expect(page).toHaveTitle(/^\d+ % · /);
  await editor.screenshot("live-running");
  await page.keyboard.press("Control+Alt+Enter");
  await expect(preview(editor)).toBeHidden();

  await setSteps(editor, 23); // not the number of another story, whose result would be kept
  await editor.run();
  await editor.waitForPicture(editor.node("Picture"));
  await expect(preview(editor)).toBeHidden();
  await expect(page).not.toHaveTitle(/%/);
  await expect(editor.node("Sampler").getByText(/^\d+(\.\d)? (m?s)$/)).toBeVisible();
  await editor.screenshot("live-done");
});

test("#25 the picture is in the gallery, and its viewer compares, closes and brings its workflow back", async ({
  editor,
}) => {
  const { page } = editor;
  await editor.open();
  await setSteps(editor, 3);
  await editor.run();
  await editor.waitForPicture(editor.node("Picture"));
  await editor.press("a");
  const tiles = page.getByRole("list", { name: "Pictures" }).getByRole("button");
  await expect(tiles.first()).toBeVisible();
  await tiles.first().click();
  const viewer = page.getByRole("dialog");
  await expect(viewer.getByRole("img")).toBeVisible();
  await expect(viewer.getByText(/128×128/)).toBeVisible();
  if ((await tiles.count()) > 1) await viewer.getByRole("button", { name: "Compare" }).click();
  await editor.screenshot("live-viewer");
  await viewer.getByRole("button", { name: "Open its workflow in a new tab" }).click();
  await expect(viewer).toBeHidden();
  await expect(editor.widget(editor.node("Sampler"), "steps")).toHaveValue("3");
});

test("#22 a run can be stopped by its key", async ({ editor }) => {
  await editor.open();
  await setSteps(editor, 5000);
  await editor.run();
  await expect(preview(editor)).toBeVisible({ timeout: 240_000 });
  await editor.page.keyboard.press("Control+Alt+Enter");
  await expect.poll(async () => (await newest(editor))?.state).toBe("cancelled");
  await expect(preview(editor)).toBeHidden();
});

test("#22 a reload in the middle shows the run again", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  await setSteps(editor, 5000);
  await editor.run();
  await expect(preview(editor)).toBeVisible({ timeout: 240_000 });
  await page.reload();
  await editor.ready();
  await expect(editor.node("Sampler").getByText(/\d+ \/ 5000/)).toBeVisible({ timeout: 240_000 });
  await page.keyboard.press("Control+Alt+Enter");
  await expect.poll(async () => (await newest(editor))?.state).toBe("cancelled");
});
