/** What axe finds in the main states of the editor: nothing, in any theme or language. */

import { faults } from "./faults";
import { expect, test, type Editor } from "./fixture";

test.slow();

interface State {
  readonly name: string;
  enter(editor: Editor): Promise<void>;
  leave(editor: Editor): Promise<void>;
}

const escape = async ({ page }: Editor) => {
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
};

const key = (name: string, keys: string): State => ({
  name,
  enter: async (editor) => {
    await editor.press(keys);
    await expect(editor.page.getByRole("dialog").first()).toBeVisible();
  },
  leave: escape,
});

const panel = (id: string): State => {
  const press = async ({ page }: Editor, open: boolean) => {
    const button = page.locator(`button[data-panel="${id}"]`);
    await button.click();
    await expect(button).toHaveAttribute("aria-pressed", String(open));
  };
  return { name: id, enter: (editor) => press(editor, true), leave: (editor) => press(editor, false) };
};

async function details(editor: Editor, name: RegExp): Promise<void> {
  if (!(await editor.page.getByRole("tree").count())) await editor.press("o");
  await editor.page.getByRole("treeitem", { name }).click();
  await expect(editor.page.getByRole("region", { name: /^(?:Details of|Chi tiết của)/ })).toBeVisible();
}

const form = ({ page }: Editor) => page.getByRole("region", { name: /^(?:Form|Biểu mẫu)$/ });

const stay = async () => {};

/** Each of these begins where the one before left. */
const STORIES: Readonly<Record<string, readonly State[]>> = {
  "the workflow and its dialogs": [
    { name: "at rest", enter: (editor) => expect(editor.node("Sampler")).toBeVisible(), leave: stay },
    key("the palette", "Shift+A"),
    key("all commands", "Control+k"),
    key("settings", "Control+,"),
    key("keys", "?"),
    {
      name: "everything selected",
      enter: async (editor) => {
        await editor.press("Control+a");
        await expect(editor.node("Sampler")).toHaveClass(/selected/);
      },
      leave: stay,
    },
  ],
  "the panels": ["queue", "gallery", "library", "preview", "problems", "memory"].map(panel),
  "the outline": [
    { name: "a node", enter: (editor) => details(editor, /^Sampler/), leave: stay },
    {
      name: "the choice of an end",
      enter: async ({ page }) => {
        await page.getByRole("button", { name: "Connect positive …" }).click();
        await expect(page.getByRole("dialog").getByRole("option").first()).toBeVisible();
      },
      leave: escape,
    },
    {
      name: "a problem",
      enter: async ({ page }) => {
        await page.getByRole("button", { name: "Disconnect model" }).click();
        await expect(page.getByText("Needs a MODEL and has no default.").first()).toBeVisible();
      },
      leave: stay,
    },
  ],
  "the form": [
    {
      name: "to fill in",
      enter: async (editor) => {
        await editor.press("Control+Shift+A");
        await expect(form(editor)).toBeVisible();
      },
      leave: stay,
    },
    {
      name: "while it is changed",
      enter: async ({ page }) => {
        await page.getByRole("button", { name: "Edit the form" }).click();
        await expect(page.getByRole("list", { name: "Fields" })).toBeVisible();
      },
      leave: stay,
    },
  ],
  "an empty workflow": [
    {
      name: "with its outline",
      enter: async (editor) => {
        await editor.command("New workflow");
        await expect(editor.nodes).toHaveCount(0);
        await editor.press("o");
        await expect(editor.page.getByRole("button", { name: "Add node" })).toBeVisible();
      },
      leave: stay,
    },
  ],
};

for (const [story, states] of Object.entries(STORIES))
  test(`#20 axe finds nothing: ${story}`, async ({ editor }) => {
    await editor.open();
    for (const { name, enter, leave } of states)
      await test.step(name, async () => {
        await enter(editor);
        expect.soft(await faults(editor), name).toEqual([]);
        await leave(editor);
      });
  });

/** What the settings keep, before the page reads it. */
const stored = (chosen: string) => localStorage.setItem("inkwater.settings", JSON.stringify({ theme: chosen }));

for (const theme of ["dark", "light", "contrast"])
  test(`#33 axe finds nothing: ${theme}`, async ({ editor }) => {
    const { page } = editor;
    await page.addInitScript(stored, theme);
    await editor.open();
    await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
    await details(editor, /^Sampler/);
    await page.getByRole("button", { name: "Disconnect model" }).click();
    await expect(page.getByText("Needs a MODEL and has no default.").first()).toBeVisible();
    await editor.screenshot(`theme-${theme}`);
    expect.soft(await faults(editor)).toEqual([]);
    await editor.press("Control+Shift+A");
    await expect(form(editor)).toBeVisible();
    expect.soft(await faults(editor)).toEqual([]);
  });

test.describe("in Vietnamese", () => {
  test.use({ locale: "vi-VN" });
  test("#34 axe finds nothing", async ({ editor }) => {
    await editor.open();
    await details(editor, /KSampler/);
    expect(await faults(editor)).toEqual([]);
  });
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  test("#19 #20 axe finds nothing", async ({ editor }) => {
    await editor.open();
    expect.soft(await faults(editor), "the canvas").toEqual([]);
    await editor.page.keyboard.press("Control+Shift+A");
    await expect(form(editor)).toBeVisible();
    expect.soft(await faults(editor), "the form").toEqual([]);
  });
});
