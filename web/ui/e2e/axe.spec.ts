/** What axe finds in the main states of the editor: nothing, in any theme or language. */

import { AxeBuilder } from "@axe-core/playwright";
import { expect, test, type Editor } from "./fixture";

/** One line for each element at fault. */
async function faults({ page }: Editor): Promise<string[]> {
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))));
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${help} — ${target.join(" ")} — ${failureSummary?.split("\n")[1]}`,
    ),
  );
}

interface State {
  readonly name: string;
  enter(editor: Editor): Promise<void>;
}

const panel = (id: string, seen: string): State => ({
  name: `the panel ${id}`,
  enter: async (editor) => {
    await editor.page.locator(`[data-panel="${id}"], [aria-controls="${id}"]`).first().click();
    await expect(editor.page.getByRole("heading", { name: seen }).first()).toBeVisible();
  },
});

const STATES: readonly State[] = [
  { name: "the workflow", enter: async (editor) => expect(editor.node("Sampler")).toBeVisible() },
  {
    name: "an empty workflow",
    enter: async (editor) => {
      await editor.command("New workflow");
      await expect(editor.nodes).toHaveCount(0);
    },
  },
  {
    name: "a selected node",
    enter: async (editor) => {
      await editor.press("Control+a");
      await expect(editor.node("Sampler")).toHaveClass(/selected/);
    },
  },
  {
    name: "the palette",
    enter: async (editor) => {
      await editor.press("Shift+A");
      await editor.page.getByRole("combobox").last().fill("vae");
      await expect(editor.page.getByRole("option").first()).toBeVisible();
    },
  },
  {
    name: "the command palette",
    enter: async (editor) => {
      await editor.press("Control+k");
      await expect(editor.page.getByRole("option").first()).toBeVisible();
    },
  },
  {
    name: "the settings",
    enter: async (editor) => {
      await editor.press("Control+,");
      await expect(editor.page.getByRole("dialog")).toBeVisible();
    },
  },
  {
    name: "the keys",
    enter: async (editor) => {
      await editor.press("?");
      await expect(editor.page.getByRole("dialog")).toBeVisible();
    },
  },
  panel("queue", "Queue"),
  panel("gallery", "Gallery"),
  panel("problems", "Problems"),
  panel("memory", "Memory"),
  {
    name: "the templates",
    enter: async (editor) => {
      await editor.command("templates");
      await expect(editor.page.getByText("Latent upscale").first()).toBeVisible();
    },
  },
  {
    name: "the outline",
    enter: async (editor) => {
      await editor.press("o");
      await editor.page.getByRole("treeitem", { name: /^Sampler/ }).click();
      await expect(editor.page.getByRole("region", { name: "Details of Sampler" })).toBeVisible();
    },
  },
  {
    name: "the choice of an end",
    enter: async (editor) => {
      await editor.press("o");
      await editor.page.getByRole("treeitem", { name: /^Sampler/ }).click();
      await editor.page.getByRole("button", { name: "Connect positive …" }).click();
      await expect(editor.page.getByRole("dialog").getByRole("option").first()).toBeVisible();
    },
  },
  {
    name: "a problem",
    enter: async (editor) => {
      await editor.press("o");
      await editor.page.getByRole("treeitem", { name: /^Sampler/ }).click();
      await editor.page.getByRole("button", { name: "Disconnect model" }).click();
      await expect(editor.page.getByText("Needs a MODEL and has no default.").first()).toBeVisible();
    },
  },
  {
    name: "the form",
    enter: async (editor) => {
      await editor.press("Control+Shift+A");
      await expect(editor.page.getByRole("region", { name: "Form", exact: true })).toBeVisible();
    },
  },
  {
    name: "the form while it is changed",
    enter: async (editor) => {
      await editor.press("Control+Shift+A");
      await editor.page.getByRole("button", { name: "Edit the form" }).click();
      await expect(editor.page.getByRole("list", { name: "Fields" })).toBeVisible();
    },
  },
];

for (const { name, enter } of STATES)
  test(`#20 axe finds nothing: ${name}`, async ({ editor }) => {
    await editor.open();
    await enter(editor);
    expect(await faults(editor)).toEqual([]);
  });

for (const theme of ["dark", "light", "contrast"])
  test(`#33 axe finds nothing: ${theme}`, async ({ editor }) => {
    const { page } = editor;
    await page.addInitScript(
      (chosen) => localStorage.setItem("inkwater.settings", JSON.stringify({ theme: chosen })),
      theme,
    );
    await editor.open();
    await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
    await editor.press("o");
    await page.getByRole("treeitem", { name: /^Sampler/ }).click();
    await page.getByRole("button", { name: "Disconnect model" }).click();
    await expect(page.getByText("Needs a MODEL and has no default.").first()).toBeVisible();
    expect(await faults(editor)).toEqual([]);
    await editor.press("Control+Shift+A");
    await expect(page.getByRole("region", { name: "Form", exact: true })).toBeVisible();
    expect(await faults(editor)).toEqual([]);
    await editor.screenshot(`theme-${theme}`);
  });

test.describe("in Vietnamese", () => {
  test.use({ locale: "vi-VN" });
  test("#34 axe finds nothing", async ({ editor }) => {
    await editor.open();
    await editor.press("o");
    await editor.page.getByRole("treeitem", { name: /KSampler/ }).click();
    expect(await faults(editor)).toEqual([]);
  });
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  test("#19 #20 axe finds nothing", async ({ editor }) => {
    await editor.open();
    expect(await faults(editor)).toEqual([]);
    await editor.page.keyboard.press("Control+Shift+A");
    await expect(editor.page.getByRole("region", { name: "Form", exact: true })).toBeVisible();
    expect(await faults(editor)).toEqual([]);
  });
});
