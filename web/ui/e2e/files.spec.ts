/** Files: tabs, drafts, opening of every kind, saving with versions, templates, comparing. */

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { crc32 } from "node:zlib";
import type { BrowserContext, Page } from "@playwright/test";
import { still } from "./canvas-kit";
import { Editor, expect, ROOT, test } from "./fixture";

const tab = (page: Page, name: string | RegExp) =>
  page.getByRole("tablist", { name: "Open workflows" }).getByRole("tab", { name, exact: typeof name === "string" });
const tabs = (page: Page) => page.getByRole("tablist", { name: "Open workflows" }).getByRole("tab");

const bytesOf = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const json = (name: string, value: unknown) => ({ name, type: "application/json", bytes: bytesOf(value) });

/** A picture that carries texts, as PNG has them. */
async function pictureWith(texts: Record<string, string>): Promise<Uint8Array> {
  const plain = await readFile(path.join(ROOT, "workflows/samples/apple.png"));
  const chunks = Object.entries(texts).map(([name, text]) => {
    const body = Buffer.from(`iTXt${name}\0\0\0\0\0${text}`);
    const head = Buffer.alloc(4);
    const sum = Buffer.alloc(4);
    head.writeUInt32BE(body.length - 4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([head, body, sum]);
  });
  return Buffer.concat([plain.subarray(0, 33), ...chunks, plain.subarray(33)]);
}

/** A window of the same browser. */
async function anotherWindow(context: BrowserContext, editor: Editor): Promise<Editor> {
  const other = new Editor(await context.newPage(), editor.server, []);
  await other.open();
  return other;
}

async function setSeed(editor: Editor, value: string): Promise<void> {
  const field = editor.widget(editor.node("Sampler"), "seed");
  await field.fill(value);
  await field.press("Enter");
}

const seed = (editor: Editor) => editor.widget(editor.node("Sampler"), "seed");

test("#31 tabs come, go, change places, mark changes and ask before they are lost", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  await expect(tab(page, "Text to image")).toHaveAttribute("aria-selected", "true");
  await editor.press("Alt+n");
  await expect(tabs(page)).toHaveText(["Text to image", "Untitled"]);
  await editor.press("Control+PageUp");
  await expect(tab(page, "Text to image")).toHaveAttribute("aria-selected", "true");
  await setSeed(editor, "8");
  await expect(tab(page, "Text to image, unsaved changes")).toBeVisible();
  await editor.press("Control+z");
  await expect(tab(page, "Text to image")).toBeVisible();
  await editor.press("Control+Shift+z");

  await tab(page, "Untitled").dragTo(tab(page, /^Text to image/));
  await expect(tabs(page)).toHaveText(["Untitled", "Text to image"]);
  await tab(page, "Untitled").click({ button: "middle" });
  await expect(tabs(page)).toHaveText(["Text to image"]);

  await tab(page, /^Text to image/).click({ button: "middle" });
  const question = page.getByRole("dialog", { name: "Save the changes to Text to image?" });
  await editor.screenshot("files-unsaved");
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(tabs(page)).toHaveText(["Text to image"]);
  await tab(page, /^Text to image/).click({ button: "middle" });
  await question.getByRole("button", { name: "Discard the changes" }).click();
  await expect(tabs(page)).toHaveText(["Untitled"]);
  await editor.command("Open the closed tab again");
  await expect(seed(editor)).toHaveValue("8");
});

test("#31 every change is there after a reload, with its history", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  await setSeed(editor, "18446744073709551615");
  await editor.press("Alt+n");
  await editor.addNode("VAEDecode", { x: 500, y: 300 });
  await page.reload();
  await editor.ready();
  await expect(tabs(page)).toHaveText(["Text to image", "Untitled"]);
  await expect(editor.nodes).toHaveCount(1);
  await editor.press("Control+PageUp");
  await expect(seed(editor)).toHaveValue("18446744073709551615");
  await expect(tab(page, "Text to image, unsaved changes")).toBeVisible();
  await editor.press("Control+z");
  await expect(seed(editor)).toHaveValue("7");
});

test("#31 a reload keeps what stands in a field that is not left yet, and the view", async ({ editor }) => {
  const { page } = editor;
  const view = () => page.locator(".react-flow__viewport").getAttribute("style");
  await editor.open();
  await editor.press("Alt+=");
  await still(editor);
  await seed(editor).fill("99");
  const before = await view();
  await page.reload();
  await editor.ready();
  await expect(seed(editor)).toHaveValue("99");
  expect(await view()).toBe(before);
  // Gone again before anything of it can be in the database.
  await page.reload({ waitUntil: "commit" });
  await page.reload();
  await editor.ready();
  await expect(seed(editor)).toHaveValue("99");
});

test("#31 two windows keep their own tabs; what a closed one left comes back in the next", async ({
  editor,
  context,
}) => {
  await editor.open();
  await setSeed(editor, "11");
  const other = await anotherWindow(context, editor);
  await expect(seed(other)).toHaveValue("7");
  await setSeed(other, "22");
  await editor.page.reload();
  await editor.ready();
  await expect(seed(editor)).toHaveValue("11");
  await other.page.reload();
  await other.ready();
  await expect(seed(other)).toHaveValue("22");
  await other.page.close();
  const third = await anotherWindow(context, editor);
  await expect(seed(third)).toHaveValue("22");
  await editor.page.reload();
  await editor.ready();
  await expect(seed(editor)).toHaveValue("11");
});

test("#24 several files dropped at once come in a tab each, and what they lack is told", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  const ui = {
    nodes: [
      { id: 1, type: "CheckpointLoaderSimple", pos: [0, 0], size: [300, 90], widgets_values: ["mini-v9.safetensors"] },
      {
        id: 2,
        type: "Unheard",
        pos: [400, 0],
        size: [200, 90],
        widgets_values: [18446744073709551615n.toString(), "x"],
        properties: { cnr_id: "lost-pack" },
        inputs: [{ name: "model", type: "MODEL", link: 1 }],
        outputs: [{ name: "out", type: "IMAGE", links: [] }],
      },
    ],
    links: [[1, 1, 0, 2, 0, "MODEL"]],
    version: 0.4,
  };
  const own = await readFile(path.join(ROOT, "workflows/latent_upscale.json"), "utf-8");
  const picture = await pictureWith({ inkwater: own });
  const data = await page.evaluateHandle(
    (files) => {
      const made = new DataTransfer();
      for (const { name, type, bytes } of files) made.items.add(new File([new Uint8Array(bytes)], name, { type }));
      return made;
    },
    [
      { name: "theirs.json", type: "application/json", bytes: [...bytesOf(ui)] },
      { name: "picture.png", type: "image/png", bytes: [...picture] },
    ],
  );
  await page.locator("#canvas").dispatchEvent("drop", { dataTransfer: data, clientX: 600, clientY: 400 });
  await expect(tabs(page)).toHaveText(
    ["Text to image", "theirs.json", "picture.png"].map((name) => name.replace(".json", "")),
  );
  await expect(editor.nodes).toHaveCount(9);
  await tab(page, "theirs").click();
  await expect(page.getByText("1 node type is not installed")).toBeVisible();
  await page.getByRole("button", { name: "Details" }).click();
  const dialog = page.getByRole("dialog", { name: "What this workflow asks for" });
  await expect(dialog.getByText("It came with the pack lost-pack.")).toBeVisible();
  await expect(dialog.getByText(/Called alike here: mini-v1.safetensors/)).toBeVisible();
  await editor.screenshot("files-missing");
  await dialog.getByRole("listitem").filter({ hasText: "Unheard" }).getByRole("button").click();
  await expect(editor.node("Unheard")).toHaveClass(/selected/);
});

test("#24 an unknown node keeps everything through editing and saving", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  const file = await readFile(path.join(ROOT, "tests/golden/editor/everything.json"), "utf-8");
  await editor.drop(json("everything.json", file));
  await expect(tab(page, "everything")).toBeVisible();
  await editor.press("Control+Shift+s");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("kept/everything");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Saved as kept/everything.")).toBeVisible();
  const saved = await page.request.get(`${editor.server.url}/api/v1/saves/kept%2Feverything.json`);
  const written = await readFile(path.join(ROOT, "tests/golden/editor/written/everything.json"), "utf-8");
  expect(await saved.text()).toBe(written);
});

test("#24 a picture without a workflow becomes an input", async ({ editor }) => {
  const { page } = editor;
  editor.allow(/status of 422/);
  await editor.open();
  const bytes = await readFile(path.join(ROOT, "workflows/samples/apple.png"));
  await editor.drop({ name: "apple.png", type: "image/png", bytes });
  const dialog = page.getByRole("dialog", { name: "This picture carries no workflow" });
  await editor.screenshot("files-picture");
  await dialog.getByRole("button", { name: "Add a Load Image node" }).click();
  await expect(editor.nodes).toHaveCount(8);
  await editor.waitForPicture(editor.node("Load Image"));
  await editor.press("Control+z");
  await expect(editor.nodes).toHaveCount(7);
});

test("#24 what is no workflow is told in one sentence, and nothing is lost", async ({ editor }) => {
  const { page } = editor;
  editor.allow(/status of 4/);
  await editor.open();
  await editor.drop(json("broken.json", '{"1": {"class_type": '));
  await expect(page.getByText(/^broken\.json: .*not JSON/)).toBeVisible();
  await expect(tabs(page)).toHaveText(["Text to image"]);
});

test("#31 saving, a taken name, versions, the difference and the way back", async ({ editor }) => {
  const { page } = editor;
  editor.allow(/status of 409/);
  await editor.open();
  await editor.press("Control+s");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("fox");
  await page.keyboard.press("Enter");
  await expect(tab(page, "fox")).toBeVisible();
  await setSeed(editor, "8");
  await editor.press("Control+s");
  await expect(tab(page, "fox")).toBeVisible();
  await setSeed(editor, "9");

  await editor.command("Compare with");
  await page.getByRole("button", { name: /^Its file/ }).click();
  const changes = page.getByRole("region", { name: "Changes" });
  await expect(changes.getByText("0 added, 0 removed, 1 changed")).toBeVisible();
  await expect(changes.getByRole("definition")).toHaveText("89");
  await editor.screenshot("files-changes");
  await setSeed(editor, "8");
  await expect(changes.getByText("No difference")).toBeVisible();
  await changes.getByRole("button", { name: "End the comparison" }).click();

  await editor.command("Earlier versions");
  const dialog = page.getByRole("dialog", { name: "Earlier versions of fox" });
  await expect(dialog.getByRole("listitem")).toHaveCount(1);
  await editor.screenshot("files-versions");
  await dialog.getByRole("button", { name: "Restore" }).click();
  await expect(seed(editor)).toHaveValue("7");
  await editor.press("Control+z");
  await expect(seed(editor)).toHaveValue("8");

  await editor.press("Alt+n");
  await editor.press("Control+s");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("fox");
  await page.keyboard.press("Enter");
  await expect(page.getByText("There is a workflow of this name.")).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
});

test("#31 the list of saved workflows: search without marks, rename, delete", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  const put = (name: string) =>
    editor.server.ask("POST", `/api/userdata/${encodeURIComponent(`workflows/${name}`)}`, {
      "1": { class_type: "VAEDecode", inputs: {} },
    });
  await put("chân dung/cáo đỏ.json");
  await put("zebra.json");
  await editor.press("w");
  const panel = page.getByRole("region", { name: "Saved workflows" });
  await panel.getByRole("searchbox").fill("cao do");
  await expect(panel.getByRole("listitem")).toHaveText([/^cáo đỏ/]);
  await panel.getByRole("searchbox").press("Enter");
  await expect(tab(page, "cáo đỏ")).toBeVisible();
  await panel.getByRole("button", { name: "More about cáo đỏ" }).click();
  await page.getByRole("menuitem", { name: "Rename…" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("owl");
  await page.keyboard.press("Enter");
  await expect(tab(page, "owl")).toBeVisible();
  await panel.getByRole("searchbox").fill("owl");
  await panel.getByRole("button", { name: "More about owl" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(panel.getByRole("listitem")).toHaveCount(0);
  await expect(tab(page, /unsaved changes/)).toBeVisible();
  await editor.screenshot("files-panel");
});

/** What a shipped workflow is called. */
async function titleOf(name: string, language: "en" | "vi"): Promise<string> {
  const file = path.join(ROOT, "web/ui/src/i18n", language, "templates.json");
  const texts = JSON.parse(await readFile(file, "utf8")) as Record<string, { title: string }>;
  return texts[name]?.title ?? name;
}

test("#30 templates by keyboard, in both languages", async ({ editor }) => {
  const { page } = editor;
  const shipped = (await readdir(path.join(ROOT, "workflows"))).filter((name) => name.endsWith(".json")).toSorted();
  const second = shipped[1]?.replace(".json", "") ?? "";
  await editor.open();
  await editor.command("Templates");
  const dialog = page.getByRole("dialog", { name: "Templates" });
  await expect(dialog.getByRole("img").or(dialog.locator("img"))).toHaveCount(shipped.length);
  await editor.screenshot("files-templates");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect(tab(page, await titleOf(second, "en"))).toHaveAttribute("aria-selected", "true");
  await editor.command("Switch between English and Vietnamese");
  await expect(page.getByRole("tab", { name: await titleOf(second, "vi"), exact: true })).toBeVisible();
});
