/** Recorded runs of the mini model: gone through step by step, branched from, compared. */

import { faults } from "./faults";
import { type Editor, expect, test } from "./fixture";

test.use({ variant: "real" });
test.describe.configure({ timeout: 900_000 });

interface Row {
  id: string;
  state: string;
  recorded: boolean;
}

const newest = async ({ server }: Editor): Promise<Row | undefined> =>
  (await server.ask<{ jobs: Row[] }>("GET", "/api/v1/jobs?limit=1")).jobs[0];

async function ended(editor: Editor, jobs: number): Promise<void> {
  const done = async () =>
    (await editor.server.ask<{ jobs: Row[] }>("GET", "/api/v1/jobs?state=success&limit=50")).jobs.length;
  await expect.poll(done, { timeout: 240_000 }).toBe(jobs);
}

/** Forget what other stories ran on this server, so that the history has this one's runs alone. */
async function forget({ server }: Editor): Promise<void> {
  const { jobs } = await server.ask<{ jobs: Row[] }>("GET", "/api/v1/jobs?limit=500");
  for (const { id } of jobs) await server.ask("DELETE", `/api/v1/jobs/${encodeURIComponent(id)}`);
}

async function setValue(editor: Editor, name: string, value: number): Promise<void> {
  const field = editor.widget(editor.node("Sampler"), name);
  await field.fill(String(value));
  await field.press("Enter");
}

test("a run is recorded, gone through by keys, branched from, and compared with the next one", async ({ editor }) => {
  const { page } = editor;
  await forget(editor);
  await editor.open();
  await setValue(editor, "steps", 6);
  await page.getByRole("button", { name: "Ways to run" }).click();
  await page.getByRole("radio", { name: "Steps + attention" }).check();
  await page.keyboard.press("Escape");
  await editor.focusCanvas();
  await editor.run();
  await ended(editor, 1);
  expect((await newest(editor))?.recorded).toBe(true);

  await test.step("the panel goes through the sampler steps", async () => {
    await editor.press("Shift+R");
    const slider = page.getByRole("slider", { name: "Sampler step" });
    await expect(slider).toHaveAttribute("aria-valuetext", /^Sampler step 6 of 6, sigma /);
    await slider.press("Home");
    await expect(slider).toHaveAttribute("aria-valuetext", /^Sampler step 1 of 6, sigma 14\.6$/);
    await slider.press("ArrowRight");
    const picture = page.getByRole("img", { name: "The clean picture that the model sees at sampler step 2 of 6" });
    await expect(picture).toHaveAttribute("src", /\/1\/clean\?/);
    await page.getByRole("radio", { name: "Guidance" }).check();
    await expect(page.getByRole("img", { name: "The guidance at sampler step 2 of 6" })).toHaveAttribute(
      "src",
      /\/1\/guidance\?/,
    );
    await page.getByRole("radio", { name: "Attention" }).check();
    await page.getByRole("button", { name: "fox", exact: true }).click();
    await page.getByRole("button", { name: /^Ask a spot/ }).press("ArrowRight");
    await expect(page.getByText(/^This spot reads: .+ \d/)).toBeVisible();
    await editor.screenshot("recording");
    expect.soft(await faults(editor), "the panel").toEqual([]);
  });

  await test.step("a branch is one edit, and runs", async () => {
    await page.getByRole("button", { name: "Branch from here" }).click();
    await expect(editor.node("Trace Branch")).toBeVisible();
    await expect(editor.widget(editor.node("Trace Branch"), "step")).toHaveValue("1");
    await page.getByRole("button", { name: "Run it" }).click();
    await editor.waitForPicture(editor.node("Preview Image"));
    await ended(editor, 2);
    await editor.screenshot("recording-branch");
    await editor.press("Control+z");
    await editor.press(".");
    await expect(editor.node("Sampler")).toBeVisible();
    await expect(editor.node("Trace Branch")).toHaveCount(0);
    await expect(editor.node("Load Recording")).toHaveCount(0);
  });

  await test.step("two runs of the history are compared", async () => {
    await setValue(editor, "cfg", 7);
    await editor.focusCanvas();
    await editor.run();
    await ended(editor, 3);
    await editor.press("q");
    const first = page.getByRole("button", { name: "Why did it change? Compare with another run" });
    await expect(first).toHaveCount(3);
    await first.last().click();
    await page.getByRole("button", { name: "Compare with this run" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Why did it change?" });
    await expect(dialog.getByRole("row", { name: "Sampler cfg 4 7" })).toBeVisible();
    await expect(dialog.getByText("Sampler is the first to differ, from its sampler step 1 on.")).toBeVisible();
    await expect(dialog.getByText(/dB alike/)).toBeVisible();
    await editor.screenshot("recording-why");
    expect.soft(await faults(editor), "the dialog").toEqual([]);
    await page.keyboard.press("Escape");
  });
});
