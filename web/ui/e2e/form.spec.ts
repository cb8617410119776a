/** The form: a workflow for people who do not want nodes. */

import { expect, test, type Editor } from "./fixture";

const form = (editor: Editor) => editor.page.getByRole("region", { name: "Form", exact: true });

async function openForm(editor: Editor) {
  await editor.press("Control+Shift+A");
  await expect(form(editor)).toBeVisible();
  return form(editor);
}

test.describe("the form", () => {
  test.beforeEach(async ({ editor }) => {
    await editor.open();
  });

  test("#36 a workflow without a form gets a sensible one; the canvas is out of reach meanwhile", async ({
    editor,
  }) => {
    const shown = await openForm(editor);
    for (const name of ["Prompt", "Negative prompt", "Model", "width", "height", "steps", "seed"])
      await expect(shown.getByLabel(name, { exact: true }).first()).toBeVisible();
    await expect(editor.page.locator("[inert] .react-flow, .react-flow[inert]")).toHaveCount(1);
    const nodes = await editor.page.locator(".react-flow__node").count();
    await editor.page.keyboard.press("Control+a");
    await editor.page.keyboard.press("Delete");
    await editor.page.keyboard.press("Control+Shift+A");
    await expect(editor.page.locator("[inert]")).toHaveCount(0);
    await expect(editor.nodes).toHaveCount(nodes);
  });

  test("#36 form and canvas are in sync both ways, and undo is one history", async ({ editor }) => {
    const steps = editor.widget(editor.node("Sampler"), "steps");
    const shown = await openForm(editor);
    const field = shown.getByLabel("steps", { exact: true }).and(editor.page.locator("input"));
    await field.fill("12");
    await field.press("Enter");
    await shown.getByRole("button", { name: "Back to the nodes" }).click();
    await expect(steps).toHaveValue("12");
    const cfg = editor.widget(editor.node("Sampler"), "cfg");
    await cfg.fill("6");
    await cfg.press("Enter");
    await openForm(editor);
    await expect(shown.getByLabel("cfg", { exact: true }).and(editor.page.locator("input"))).toHaveValue("6");
    await form(editor).focus();
    await editor.page.keyboard.press("Control+z");
    await expect(shown.getByLabel("cfg", { exact: true }).and(editor.page.locator("input"))).toHaveValue("4");
    await expect(field).toHaveValue("12");
    await editor.page.keyboard.press("Control+z");
    await expect(field).toHaveValue("20");
  });

  test("#36 fields are chosen, ordered by button and by dragging, and renamed; a reload keeps them", async ({
    editor,
  }) => {
    const { page } = editor;
    const shown = await openForm(editor);
    await shown.getByRole("button", { name: "Edit the form" }).click();
    const rows = shown.getByRole("list", { name: "Fields" }).getByRole("listitem");
    const names = () =>
      rows
        .getByRole("textbox")
        .evaluateAll((all) =>
          all.map((one) => (one as HTMLInputElement).value || (one as HTMLInputElement).placeholder),
        );
    const before = await names();
    const up = shown.getByRole("button", { name: /^Move up: seed/ });
    await up.focus();
    await page.keyboard.press("Enter");
    await expect(up).toBeFocused();
    const seed = before.indexOf("seed");
    await expect.poll(names).toEqual(before.with(seed, before[seed - 1] ?? "").with(seed - 1, "seed"));
    await rows.last().locator('[draggable="true"]').dragTo(rows.first());
    await expect.poll(async () => (await names())[0]).toBe(before.at(-1) === "seed" ? before.at(-2) : before.at(-1));
    await shown.getByLabel(/^width of/).fill("How wide");
    await shown.getByRole("button", { name: /^Take out: height/ }).click();
    await shown.getByRole("button", { name: "Done" }).click();
    await expect(shown.getByLabel("How wide", { exact: true })).toBeVisible();
    await expect(shown.getByLabel("height", { exact: true })).toHaveCount(0);
    await page.waitForFunction(() => document.title.length > 0);
    await expect(async () => {
      await page.reload();
      await editor.ready();
      await openForm(editor);
      await expect(form(editor).getByLabel("How wide", { exact: true })).toBeVisible({ timeout: 20_000 });
    }).toPass();
  });

  test("#36 an input comes into the form from the outline, and from a menu of the form", async ({ editor }) => {
    const { page } = editor;
    await editor.press("o");
    await page.getByRole("treeitem", { name: /^Sampler/ }).click();
    await page.getByRole("button", { name: "Add to the form: denoise" }).click();
    const shown = await openForm(editor);
    await expect(shown.getByLabel("Sampler", { exact: true }).first()).toBeVisible();
    await expect(shown.getByLabel("Prompt", { exact: true })).toHaveCount(0);
    await shown.getByRole("button", { name: "Edit the form" }).click();
    await shown.getByRole("button", { name: "Add a field" }).click();
    await page.getByRole("menuitem", { name: "Size" }).press("ArrowRight");
    await page.getByRole("menuitem", { name: "width" }).click();
    await expect(shown.getByRole("listitem")).toHaveCount(2);
  });
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("#36 #19 the form fits a phone: nothing is wider than the screen, the button is in reach", async ({
    editor,
  }) => {
    await editor.open();
    await editor.page.keyboard.press("Control+Shift+A");
    const shown = form(editor);
    await expect(shown).toBeVisible();
    const run = shown.getByRole("button", { name: /Make the picture/ });
    await expect(run).toBeInViewport();
    expect((await run.boundingBox())?.height).toBeGreaterThanOrEqual(44);
    expect(await shown.evaluate((one) => one.scrollWidth <= one.clientWidth)).toBe(true);
    await editor.screenshot("form-phone");
  });
});
