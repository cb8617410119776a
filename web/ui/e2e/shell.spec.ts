/** The frame: palettes, keys, themes, languages, history, library. */

import type { Locator, Page } from "@playwright/test";
import { type Editor, expect, middle, test } from "./fixture";

const palette = (page: Page) => page.getByRole("dialog", { name: "Add a node" });
const search = (page: Page) => page.getByRole("combobox").last();
const options = (page: Page) => palette(page).getByRole("option");

/** A point of the canvas where nothing lies. */
const EMPTY = { x: 700, y: 700 };

async function emptyTab(editor: Editor): Promise<void> {
  await editor.open();
  await editor.command("New");
  await expect(editor.nodes).toHaveCount(0);
}

const keyRow = (page: Page, command: string) => page.locator(`[data-command="${command}"]`);

async function remap(editor: Editor, title: string, keys: string): Promise<Locator> {
  await editor.press("?");
  const dialog = editor.page.getByRole("dialog", { name: "Keyboard" });
  await dialog.getByRole("button", { name: `Change the keys of “${title}”` }).click();
  await dialog.getByRole("textbox", { name: `Press keys for “${title}”` }).press(keys);
  return dialog;
}

async function choose(editor: Editor, label: string, value: string): Promise<void> {
  await editor.press("Control+,");
  await editor.page.getByLabel(label, { exact: true }).selectOption(value);
  await editor.page.keyboard.press("Escape");
  await expect(editor.page.getByRole("dialog")).toHaveCount(0);
}

test.describe("#1 the palette", () => {
  const GESTURES: Record<string, (page: Page) => Promise<void>> = {
    "a double-click": (page) => page.mouse.dblclick(EMPTY.x, EMPTY.y),
    Tab: (page) => page.keyboard.press("Tab"),
    Space: (page) => page.keyboard.press("Space"),
    "Shift+A": (page) => page.keyboard.press("Shift+A"),
  };
  for (const [gesture, make] of Object.entries(GESTURES))
    test(`#1 opens by ${gesture}, and Enter adds at the cursor`, async ({ editor }) => {
      await emptyTab(editor);
      await editor.page.mouse.move(EMPTY.x, EMPTY.y);
      await editor.focusCanvas();
      await make(editor.page);
      await expect(palette(editor.page)).toBeVisible();
      await search(editor.page).fill("ksam");
      await search(editor.page).press("Enter");
      await expect(editor.nodes).toHaveCount(1);
      const box = await editor.node("KSampler").boundingBox();
      expect(box && Math.abs(box.x + box.width / 2 - EMPTY.x)).toBeLessThan(20);
      expect(box && Math.abs(box.y - EMPTY.y)).toBeLessThan(40);
    });

  test("#1 holding Space pans and opens nothing", async ({ editor }) => {
    await emptyTab(editor);
    await editor.page.mouse.move(EMPTY.x, EMPTY.y);
    await editor.focusCanvas();
    await editor.page.keyboard.down("Space");
    await editor.drag(EMPTY, { x: 500, y: 500 });
    await editor.page.keyboard.up("Space");
    await expect(palette(editor.page)).toBeHidden();
  });

  test("#1 offers what was used, categories, sockets and help", async ({ editor }) => {
    await emptyTab(editor);
    await editor.addNode("vae decode");
    await editor.press("Shift+A");
    await expect(options(editor.page).first()).toHaveText(/VAE Decode/);
    await expect(palette(editor.page).getByText("samples")).toBeVisible();
    await editor.screenshot("shell-palette");
    await palette(editor.page).getByRole("option", { name: "Sampling" }).click();
    await expect(
      palette(editor.page)
        .getByRole("option", { name: /^KSampler\b/ })
        .first(),
    ).toBeVisible();
    await search(editor.page).press("Backspace");
    await expect(palette(editor.page).getByRole("option", { name: "Sampling" })).toBeVisible();
    await editor.page.keyboard.press("Escape");
    await expect(palette(editor.page)).toBeHidden();
  });

  test("#1 adds groups and notes too", async ({ editor }) => {
    await emptyTab(editor);
    await editor.press("Shift+A");
    await search(editor.page).fill("note");
    await search(editor.page).press("Enter");
    await expect(editor.page.getByRole("button", { name: "Undo: Add a note" })).toBeEnabled();
  });
});

test("#2 a link dropped on empty canvas offers what fits and is made on accepting, one step to undo", async ({
  editor,
}) => {
  await emptyTab(editor);
  const decode = await editor.addNode("vae decode", { x: 420, y: 300 });
  await editor.drag(await middle(editor.socket(decode, "out:0")), { x: 900, y: 420 });
  await expect(palette(editor.page)).toContainText("for IMAGE");
  await expect(options(editor.page).filter({ hasText: "Save Image" })).toHaveCount(1);
  await expect(options(editor.page).filter({ hasText: "KSampler" })).toHaveCount(0);
  await editor.screenshot("shell-palette-link");
  await search(editor.page).fill("save image");
  await search(editor.page).press("Enter");
  await expect(editor.links).toHaveCount(1);
  const socket = await middle(editor.socket(editor.node("Save Image"), "in:images"));
  expect(Math.hypot(socket.x - 900, socket.y - 420)).toBeLessThan(30);
  await editor.press("Control+z");
  await expect(editor.nodes).toHaveCount(1);
  await expect(editor.links).toHaveCount(0);
});

test("#2 a link dragged out of an input offers what gives that type", async ({ editor }) => {
  await emptyTab(editor);
  const decode = await editor.addNode("vae decode", { x: 800, y: 300 });
  await editor.drag(await middle(editor.socket(decode, "in:samples")), { x: 400, y: 500 });
  await search(editor.page).fill("ksampler");
  await search(editor.page).press("Enter");
  await expect(editor.links).toHaveCount(1);
});

test.describe("#18 commands and keys", () => {
  test("#18 the command palette finds and runs a command, the last one first", async ({ editor }) => {
    await editor.open();
    await editor.command("Next theme");
    await expect(editor.page.locator("html")).toHaveAttribute("data-theme", "light");
    await editor.page.keyboard.press("Control+k");
    await expect(editor.page.getByRole("option").first()).toHaveText("Next theme");
    await editor.screenshot("shell-commands");
    await search(editor.page).press("Enter");
    await expect(editor.page.locator("html")).toHaveAttribute("data-theme", "contrast");
  });

  test("#18 a command keeps the keys that it was given over a reload", async ({ editor }) => {
    await editor.open();
    await remap(editor, "Next theme", "F9");
    await expect(keyRow(editor.page, "view.theme")).toContainText("F9");
    await editor.screenshot("shell-keys");
    await editor.page.keyboard.press("Escape");
    await editor.page.reload();
    await editor.ready();
    await editor.press("F9");
    await expect(editor.page.locator("html")).toHaveAttribute("data-theme", "light");
    await editor.press("?");
    await editor.page.getByRole("button", { name: "All keys as at the start" }).click();
    await expect(keyRow(editor.page, "view.theme")).not.toContainText("F9");
  });

  test("#18 keys that another command has are taken only when that is confirmed", async ({ editor }) => {
    await editor.open();
    const dialog = await remap(editor, "Next theme", "Control+z");
    await expect(dialog.getByRole("alert")).toHaveText("Undo has these keys.");
    await dialog.getByRole("button", { name: "Take them" }).click();
    await expect(keyRow(editor.page, "view.theme")).toContainText("Z");
    await expect(keyRow(editor.page, "edit.undo").locator("kbd")).toHaveCount(0);
  });

  test("#18 keys do nothing while one types", async ({ editor }) => {
    await editor.open();
    await editor.press("n");
    const field = editor.page.getByRole("textbox", { name: "Search nodes" });
    await field.pressSequentially("nara?");
    await expect(field).toHaveValue("nara?");
    await expect(editor.page.getByRole("dialog")).toHaveCount(0);
  });

  test("#18 the main menu is walked by arrows", async ({ editor }) => {
    await editor.open();
    await editor.page.getByRole("button", { name: "Menu" }).click();
    await editor.page.keyboard.press("ArrowUp");
    await editor.page.keyboard.press("ArrowRight");
    await expect(editor.page.getByRole("menuitem", { name: /^Keyboard/ })).toBeFocused();
    await editor.screenshot("shell-menu");
    await editor.page.keyboard.press("Enter");
    await expect(editor.page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  });
});

test("#9 undo says what it undoes, and the history goes back to any step", async ({ editor }) => {
  await emptyTab(editor);
  for (const name of ["KSampler", "vae decode", "save image"]) await editor.addNode(name);
  await expect(editor.page.getByRole("button", { name: "Undo: Add Save Image" })).toBeEnabled();
  await editor.command("History");
  const panel = editor.page.getByRole("region", { name: "History" });
  await panel.getByRole("button", { name: /^Add KSampler/ }).click();
  await expect(editor.nodes).toHaveCount(1);
  await expect(panel.getByRole("button", { name: /^Add KSampler/ })).toHaveAttribute("aria-current", "step");
  await editor.screenshot("shell-history");
  await panel.getByRole("button", { name: /^Add Save Image/ }).click();
  await expect(editor.nodes).toHaveCount(3);
  await panel.getByRole("button", { name: "Opened" }).click();
  await expect(editor.nodes).toHaveCount(0);
});

test("#1 the library is a tree for the keyboard, and its nodes are dragged onto the canvas", async ({ editor }) => {
  await emptyTab(editor);
  await editor.press("n");
  const tree = editor.page.getByRole("tree");
  await tree.focus();
  await editor.page.keyboard.press("End");
  await editor.page.keyboard.press("Home");
  await editor.page.keyboard.press("ArrowRight");
  await expect(tree.getByRole("treeitem", { expanded: true })).toHaveCount(1);
  await editor.page.getByRole("textbox", { name: "Search nodes" }).fill("ksampler");
  await editor.screenshot("shell-library");
  const leaf = tree.locator('[data-type="KSampler"]');
  await leaf.dragTo(editor.page.locator("#canvas"), { targetPosition: { x: 500, y: 300 } });
  await expect(editor.node("KSampler")).toBeVisible();
  await leaf.press("Enter");
  await expect(editor.nodes).toHaveCount(2);
});

test("panels come back after a reload, as wide as they were left", async ({ editor }) => {
  await editor.open();
  await editor.press("n");
  const panel = editor.page.getByRole("region", { name: "Nodes" });
  await panel.getByRole("separator").press("ArrowRight");
  const width = (await panel.boundingBox())?.width;
  await editor.page.reload();
  await editor.ready();
  expect((await panel.boundingBox())?.width).toBe(width);
});

test.describe("settings", () => {
  for (const [theme, canvas] of [
    ["dark", "rgb(14, 20, 25)"],
    ["light", "rgb(233, 237, 236)"],
    ["contrast", "rgb(0, 0, 0)"],
  ] as const)
    test(`#33 the theme ${theme} holds at once and after a reload`, async ({ editor }) => {
      await editor.open();
      await choose(editor, "Theme", theme);
      const body = editor.page.locator("body");
      await expect(body).toHaveCSS("background-color", canvas);
      await editor.page.reload();
      await editor.ready();
      await expect(body).toHaveCSS("background-color", canvas);
      await editor.screenshot(`shell-theme-${theme}`);
    });

  test("#33 the system's theme is followed while it changes", async ({ editor }) => {
    await editor.open();
    await expect(editor.page.locator("html")).toHaveAttribute("data-theme", "dark");
    await editor.page.emulateMedia({ colorScheme: "light" });
    await expect(editor.page.locator("html")).toHaveAttribute("data-theme", "light");
    await editor.page.emulateMedia({ contrast: "more" });
    await expect(editor.page.locator("html")).toHaveAttribute("data-theme", "contrast");
  });

  test("#34 the language changes at once, everywhere, and search works without diacritics", async ({ editor }) => {
    await editor.open();
    await choose(editor, "Language", "vi");
    await expect(editor.page.locator("html")).toHaveAttribute("lang", "vi");
    await expect(editor.page.getByRole("button", { name: "Cài đặt" })).toBeVisible();
    await editor.press("Shift+A");
    await search(editor.page).fill("giai ma vae");
    await expect(editor.page.getByRole("option").first()).toHaveText(/Giải mã VAE/);
    await editor.screenshot("shell-vietnamese");
  });

  test("#17 the wheel zooms as fast as the setting says", async ({ editor }) => {
    const zoomed = async (speed: number) => {
      await editor.page.evaluate((zoomSpeed) => {
        localStorage.setItem("inkwater.settings", JSON.stringify({ zoomSpeed }));
      }, speed);
      await editor.page.reload();
      await editor.ready();
      const view = editor.page.locator(".react-flow__viewport");
      const scale = () => view.evaluate((v) => new DOMMatrix(getComputedStyle(v).transform).a);
      const before = await scale();
      await editor.page.mouse.move(EMPTY.x, EMPTY.y);
      await editor.page.mouse.wheel(0, 60);
      await expect.poll(scale).toBeLessThan(before);
      return before / (await scale());
    };
    await editor.open();
    const usual = await zoomed(1);
    expect(await zoomed(3)).toBeCloseTo(usual ** 3, 1);
  });

  test("#20 less movement is no movement", async ({ editor }) => {
    await editor.page.emulateMedia({ reducedMotion: "reduce" });
    await editor.open();
    await expect(editor.page.locator("html")).toHaveAttribute("data-motion", "reduced");
  });
});

test.describe("#34 a Vietnamese browser", () => {
  test.use({ locale: "vi-VN" });
  test("#34 gets Vietnamese", async ({ editor }) => {
    await editor.open();
    await expect(editor.page.locator("html")).toHaveAttribute("lang", "vi");
  });
});

test.describe("#19 on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("#19 panels are sheets, nodes are added by thumb, nothing is wider than the screen", async ({ editor }) => {
    await editor.open();
    await editor.screenshot("shell-phone");
    const bar = editor.page.getByRole("navigation", { name: "Panels" });
    await bar.getByRole("button", { name: "Nodes" }).tap();
    const sheet = editor.page.getByRole("region", { name: "Nodes" });
    await expect(sheet).toBeVisible();
    await editor.screenshot("shell-phone-sheet");
    await sheet.getByRole("button", { name: "Hide" }).tap();
    await expect(sheet).toBeHidden();
    await bar.getByRole("button", { name: "Add a node" }).tap();
    await search(editor.page).fill("ksampler");
    await editor.screenshot("shell-phone-palette");
    await editor.page.getByRole("option").first().tap();
    await expect(palette(editor.page)).toBeHidden();
    await expect(editor.page.getByRole("button", { name: "Undo: Add KSampler" })).toBeEnabled();
    const wide = await editor.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
  });
});

test("#20 F6 goes round the parts of the window", async ({ editor }) => {
  await editor.open();
  await editor.focusCanvas();
  const parts: string[] = [];
  for (let i = 0; i < 5; i++) {
    await editor.page.keyboard.press("F6");
    parts.push(
      await editor.page.evaluate(
        () => document.activeElement?.closest("header, nav, main, footer, section")?.tagName ?? "nowhere",
      ),
    );
  }
  expect(new Set(parts)).toEqual(new Set(["HEADER", "NAV", "MAIN", "FOOTER"]));
});
