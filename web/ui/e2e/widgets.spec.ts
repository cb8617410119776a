/** Widgets over the real server: what its tokenizer counts, what it stores. */

import { faults } from "./faults";
import { expect, test, type Editor } from "./fixture";

test.slow();

/** A picture of noise, made in the page. */
async function picture(editor: Editor, width: number, height: number): Promise<Uint8Array> {
  const bytes = await editor.page.evaluate(
    async ([w, h]) => {
      const canvas = new OffscreenCanvas(w, h);
      const draw = canvas.getContext("2d");
      if (!draw) throw new Error("no canvas");
      // Noise, so that the file is larger than a form's other fields may be.
      const pixels = draw.createImageData(w, h);
      for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = i % 4 === 3 ? 255 : (i * 2654435761) >>> 24;
      draw.putImageData(pixels, 0, 0);
      return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
    },
    [width, height] as const,
  );
  return new Uint8Array(bytes);
}

/** The alpha of some pixels of a picture of the server. */
const alphas = (editor: Editor, url: string, points: readonly (readonly [number, number])[]) =>
  editor.page.evaluate(
    async ([address, places]) => {
      const image = await createImageBitmap(await (await fetch(address)).blob());
      const draw = new OffscreenCanvas(image.width, image.height).getContext("2d");
      if (!draw) throw new Error("no canvas");
      draw.drawImage(image, 0, 0);
      return places.map(([x, y]) => draw.getImageData(x, y, 1, 1).data[3] ?? -1);
    },
    [url, points] as const,
  );

async function emptyCanvas(editor: Editor) {
  await editor.open();
  await editor.press("Control+a");
  await editor.press("Delete");
}

/** A Load Image with a picture that was dropped on it. */
async function loaded(editor: Editor, name: string) {
  await emptyCanvas(editor);
  const node = await editor.addNode("Load Image", { x: 600, y: 250 });
  const bytes = await picture(editor, 64, 48);
  const drop = await node.getByRole("button", { name: "Drop, paste or choose a picture" }).boundingBox();
  if (!drop) throw new Error("there is nowhere to drop");
  const at = { x: drop.x + drop.width / 2, y: drop.y + drop.height / 2 };
  await editor.drop({ name, type: "image/png", bytes }, at);
  await expect(node.getByRole("combobox", { name: "image" })).toHaveAttribute("title", name);
  return node;
}

test("#28 a prompt tells its tokens as the server counts them, and Ctrl+Up weighs a word", async ({ editor }) => {
  await editor.open();
  const prompt = editor.page.getByRole("textbox", { name: "text" }).first();
  await prompt.fill("a red apple");
  // The worker, which has the tokenizer, starts after the page.
  await expect(editor.page.getByText("3/75")).toBeVisible({ timeout: 240_000 });
  await prompt.fill(Array.from({ length: 80 }, () => "apple").join(" "));
  await expect(editor.page.getByText("80/150")).toBeVisible();
  await prompt.fill("a red apple");
  await prompt.press("End");
  await prompt.press("Control+ArrowUp");
  await expect(prompt).toHaveValue("a red (apple:1.05)");
  await prompt.press("Control+z");
  await expect(prompt).not.toHaveValue("a red (apple:1.05)");
});

test("#29 a picture that is dropped on Load Image is stored and shown", async ({ editor }) => {
  const node = await loaded(editor, "dropped.png");
  await editor.waitForPicture(node);
  const { images } = await editor.server.ask<{ images: { name: string }[] }>("GET", "/api/v1/images?type=input");
  expect(images.map((image) => image.name)).toContain("dropped.png");
});

test("#29 a painted mask is stored as the picture's transparency, and the input takes it", async ({ editor }) => {
  const node = await loaded(editor, "masked.png");
  await node.getByRole("img").hover();
  await node.getByRole("button", { name: "Paint a mask: image" }).click();
  const { page } = editor;
  const stage = page.getByRole("application", { name: "Picture, 64 × 48 pixels" });
  const box = await stage.boundingBox();
  if (!box) throw new Error("there is no stage");
  await page.keyboard.press("r");
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  // The picture is shown at four times its size: 20 pixels to each side of its middle.
  await editor.drag({ x: middle.x - 80, y: middle.y - 80 }, middle);
  await page.keyboard.press("i");
  await page.keyboard.press("Control+z");
  await page.getByRole("button", { name: "Use it" }).click();
  await expect(stage).toBeHidden();
  await expect(node.getByRole("combobox", { name: "image" })).toHaveAttribute("title", "masks/masked-mask.png");
  const url = "/view?filename=masked-mask.png&subfolder=masks&type=input";
  // Inside the rectangle, above it, right of it.
  expect(
    await alphas(editor, url, [
      [20, 10],
      [20, 1],
      [50, 10],
    ]),
  ).toEqual([0, 255, 255]);
  await editor.press("Control+z");
  await expect(node.getByRole("combobox", { name: "image" })).toHaveAttribute("title", "masked.png");
});

test("#29 #20 leaving the painter with strokes asks first; axe finds nothing in it", async ({ editor }) => {
  const node = await loaded(editor, "asked.png");
  await node.getByRole("img").hover();
  await node.getByRole("button", { name: "Draw: image" }).click();
  const stage = editor.page.getByRole("application", { name: /Picture/ });
  const box = await stage.boundingBox();
  if (!box) throw new Error("there is no stage");
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await editor.drag(middle, { x: middle.x + 40, y: middle.y });
  expect(await faults(editor, "dialog")).toEqual([]);
  await stage.press("Escape");
  await expect(editor.page.getByRole("alert").filter({ hasText: "not saved" })).toBeVisible();
  await editor.page.getByRole("button", { name: "Go on painting" }).click();
  await editor.page.getByRole("button", { name: "Use it" }).click();
  await expect(node.getByRole("combobox", { name: "image" })).toHaveAttribute("title", "sketches/asked-sketch.png");
});

test("#27 a number is dragged and takes sums; the wheel changes it only with the focus", async ({ editor }) => {
  await emptyCanvas(editor);
  const node = await editor.addNode("Empty Latent Image", { x: 600, y: 250 });
  const width = editor.widget(node, "width");
  const box = await width.boundingBox();
  if (!box) throw new Error("there is no field");
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await editor.drag(at, { x: at.x + 40, y: at.y });
  await expect(width).not.toHaveValue("512");
  await editor.page.mouse.click(at.x, at.y);
  await editor.page.keyboard.type("512*1.5");
  await editor.page.keyboard.press("Enter");
  await expect(width).toHaveValue("768");
  await editor.page.mouse.move(at.x, at.y);
  await editor.page.mouse.wheel(0, -100);
  await expect(width).toHaveValue("776");
});

test("#26 a seed beyond 2^53 stays exact through a reload", async ({ editor }) => {
  await emptyCanvas(editor);
  const node = await editor.addNode("KSampler", { x: 600, y: 200 });
  const seed = node.getByRole("textbox", { name: "seed" });
  await seed.fill("18446744073709551615");
  await seed.press("ArrowDown");
  await expect(seed).toHaveValue("18446744073709551614");
  await editor.page.reload();
  await editor.ready();
  await expect(seed).toHaveValue("18446744073709551614");
});
