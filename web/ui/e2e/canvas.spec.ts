/** Links: drawing them, what refuses them, taking them up again, what lies on them. */

import { header, links, open, place, still, GRAPH } from "./canvas-kit";
import { expect, middle, test } from "./fixture";

const ALL = ["2/clip", "5/latent_image", "5/model", "5/positive", "6/samples", "6/vae"];

test("#3 #4 #5 a link is drawn from socket to socket, refused with its reason, and one input keeps one link", async ({
  editor,
}) => {
  await open(editor);
  expect(await links(editor)).toEqual(ALL);
  await editor.connect(editor.node("Model"), "out:1", editor.node("Spare"), "in:clip");
  await expect.poll(() => links(editor)).toContain("3/clip");
  await editor.connect(editor.node("Sampler"), "in:negative", editor.node("Spare"), "out:0");
  await expect.poll(() => links(editor)).toContain("5/negative");

  await editor.socket(editor.node("Model"), "out:2").hover();
  await editor.page.mouse.down();
  const at = await middle(editor.socket(editor.node("Sampler"), "in:model"));
  await editor.page.mouse.move(at.x, at.y, { steps: 5 });
  await expect(editor.socket(editor.node("Sampler"), "in:model")).toHaveAttribute("data-open", "closed");
  await expect(editor.socket(editor.node("Decode"), "in:vae")).toHaveAttribute("data-open", "open");
  await expect(editor.page.locator("output", { hasText: "VAE ≠ MODEL" })).toBeVisible();
  await editor.page.mouse.up();
  expect(await links(editor)).toHaveLength(8);

  await editor.connect(editor.node("Spare"), "out:0", editor.node("Sampler"), "in:positive");
  await expect(await editor.link(editor.node("Sampler"), "positive")).toHaveCount(1);
  await editor.press("Control+z");
  await editor.press("Control+z");
  await editor.press("Control+z");
  await expect.poll(() => links(editor)).toEqual(ALL);
});

test("#4 a link that would close a circle is refused", async ({ editor }) => {
  await open(editor, {
    "1": { class_type: "VAEDecode", inputs: {}, _meta: { title: "One", pos: [0, 0] } },
    "2": { class_type: "VAEEncode", inputs: { pixels: ["1", 0] }, _meta: { title: "Two", pos: [400, 0] } },
  });
  await editor.connect(editor.node("Two"), "out:0", editor.node("One"), "in:samples");
  expect(await links(editor)).toEqual(["2/pixels"]);
});

test("#5 the end of a link is taken up: let go over another input it moves, over nothing it goes", async ({
  editor,
}) => {
  await open(editor);
  const end = editor.socket(editor.node("Prompt"), "in:clip");
  await end.hover();
  await editor.page.mouse.down();
  const spare = await middle(editor.socket(editor.node("Spare"), "in:clip"));
  await editor.page.mouse.move(spare.x, spare.y, { steps: 5 });
  await editor.page.mouse.up();
  await expect.poll(() => links(editor)).toEqual(ALL.map((id) => (id === "2/clip" ? "3/clip" : id)).toSorted());

  const samples = await middle(editor.socket(editor.node("Decode"), "in:samples"));
  await editor.socket(editor.node("Decode"), "in:samples").hover();
  await editor.page.mouse.down();
  await editor.page.mouse.move(samples.x + 60, samples.y + 320, { steps: 5 });
  await editor.page.mouse.up();
  await expect.poll(() => links(editor)).not.toContain("6/samples");
  await editor.press("Control+z");
  await expect.poll(() => links(editor)).toContain("6/samples");
});

test("#5 Escape calls a link off", async ({ editor }) => {
  await open(editor);
  await editor.socket(editor.node("Prompt"), "in:clip").hover();
  await editor.page.mouse.down();
  const spare = await middle(editor.socket(editor.node("Spare"), "in:clip"));
  await editor.page.mouse.move(spare.x, spare.y, { steps: 5 });
  await editor.page.keyboard.press("Escape");
  await editor.page.mouse.move(spare.x + 2, spare.y + 2);
  await editor.page.mouse.up();
  await expect.poll(() => links(editor)).toEqual(ALL);
});

test("#2 a link let go over the empty canvas opens the palette, and the new node is linked", async ({ editor }) => {
  await open(editor);
  const from = await middle(editor.socket(editor.node("Decode"), "out:0"));
  await editor.socket(editor.node("Decode"), "out:0").hover();
  await editor.page.mouse.down();
  await editor.page.mouse.move(from.x + 40, from.y + 300, { steps: 5 });
  await editor.page.mouse.up();
  await editor.palette.fill("save image");
  await editor.palette.press("Enter");
  await expect.poll(() => links(editor)).toContain("7/images");
});

test("#5 a link let go over a node goes to its first socket that takes it", async ({ editor }) => {
  await open(editor);
  await editor.socket(editor.node("Model"), "out:1").hover();
  await editor.page.mouse.down();
  const at = await middle(header(editor, "Spare"));
  await editor.page.mouse.move(at.x + 20, at.y, { steps: 5 });
  await editor.page.mouse.up();
  await expect.poll(() => links(editor)).toContain("3/clip");
});

test("#5 Alt with a click deletes a link, a double-click bends it, a drag moves the bend", async ({ editor }) => {
  await open(editor);
  const at = await editor.middleOfLink(editor.node("Prompt"), "clip");
  await editor.page.mouse.dblclick(at.x, at.y);
  const bend = (await editor.link(editor.node("Prompt"), "clip")).locator("[data-reroute]");
  await expect(bend).toHaveCount(1);
  const before = await middle(bend);
  await editor.drag(before, { x: before.x, y: before.y - 60 });
  await expect.poll(async () => Math.round((await middle(bend)).y - before.y)).toBe(-60);
  await editor.press("Control+z");
  await editor.press("Control+z");
  await expect(bend).toHaveCount(0);
  await editor.page.keyboard.down("Alt");
  await editor.page.mouse.click(at.x, at.y);
  await editor.page.keyboard.up("Alt");
  await expect.poll(() => links(editor)).not.toContain("2/clip");
});

test("#6 a node dropped on a link is put into it; deleted with healing, the link is whole again", async ({
  editor,
}) => {
  await open(editor, {
    "1": { class_type: "EmptyLatentImage", inputs: {}, _meta: { title: "From", pos: [0, 0] } },
    "2": { class_type: "VAEDecode", inputs: { samples: ["1", 0] }, _meta: { title: "To", pos: [900, 0] } },
    "3": { class_type: "LatentUpscale", inputs: {}, _meta: { title: "Between", pos: [320, 300] } },
  });
  const link = await editor.middleOfLink(editor.node("To"), "samples");
  const box = await header(editor, "Between").boundingBox();
  if (!box) throw new Error("the node is not on the screen");
  const grip = { x: box.x + 90, y: box.y + box.height / 2 };
  await editor.drag(grip, { x: link.x - 20, y: link.y - 8 }, 12);
  await expect.poll(() => links(editor)).toEqual(["2/samples", "3/samples"]);
  await header(editor, "Between").click();
  await editor.page.keyboard.press("Control+Delete");
  await expect.poll(() => links(editor)).toEqual(["2/samples"]);
  await expect(editor.node("Between")).toHaveCount(0);
});

test("#7 the knife cuts what it crosses", async ({ editor }) => {
  await open(editor);
  const at = await editor.middleOfLink(editor.node("Decode"), "samples");
  const { keyboard, mouse } = editor.page;
  await mouse.move(at.x, at.y - 30);
  await keyboard.down("Control");
  await keyboard.down("Shift");
  await mouse.down();
  await mouse.move(at.x, at.y + 60, { steps: 6 });
  await mouse.up();
  await keyboard.up("Shift");
  await keyboard.up("Control");
  await expect.poll(() => links(editor)).not.toContain("6/samples");
  expect(await links(editor)).toContain("5/model");
});

test.describe("with fingers", () => {
  test.use({ hasTouch: true });
  test("#19 two taps make a link: on an output, then on an input", async ({ editor }) => {
    await open(editor);
    await editor.socket(editor.node("Model"), "out:1").tap();
    await editor.socket(editor.node("Spare"), "in:clip").tap();
    await expect.poll(() => links(editor)).toContain("3/clip");
  });
});

test("a click on an output shows its value and begins no link; clicks on an input, then on an output make one", async ({
  editor,
}) => {
  await open(editor);
  await editor.socket(editor.node("Model"), "out:1").click();
  await expect(editor.page.getByRole("dialog", { name: "Value of Model: CLIP" })).toBeVisible();
  await editor.page.keyboard.press("Escape");
  await editor.socket(editor.node("Spare"), "in:clip").click();
  expect(await links(editor)).not.toContain("3/clip");
  await editor.socket(editor.node("Model"), "out:1").click();
  await expect.poll(() => links(editor)).toContain("3/clip");
});

test("#20 by keyboard: Enter takes a link up at a socket and sets it down at another, Delete takes it away", async ({
  editor,
}) => {
  await open(editor);
  await editor.socket(editor.node("Model"), "out:1").focus();
  await editor.page.keyboard.press("Enter");
  const input = editor.socket(editor.node("Spare"), "in:clip");
  await expect(input).toHaveAccessibleName("Input clip, CLIP");
  await input.focus();
  await editor.page.keyboard.press("Enter");
  await expect.poll(() => links(editor)).toContain("3/clip");
  await expect(input).toHaveAccessibleName("Input clip, CLIP, linked");
  await input.press("Delete");
  await expect.poll(() => links(editor)).not.toContain("3/clip");
  await input.press("Shift+F10");
  await editor.page.getByRole("menuitem", { name: "Connect to…" }).click();
  await expect(editor.page.getByRole("dialog")).toBeVisible();
});

test("#9 a drag is one step: undo puts the node back, redo moves it again", async ({ editor }) => {
  await open(editor);
  const before = await place(editor, "Spare");
  const box = await header(editor, "Spare").boundingBox();
  if (!box) throw new Error("the node is not on the screen");
  const grip = { x: box.x + 90, y: box.y + box.height / 2 };
  await editor.drag(grip, { x: grip.x - 40, y: grip.y + 90 }, 10);
  const after = await place(editor, "Spare");
  expect(after.y).toBeGreaterThan(before.y + 40);
  await editor.press("Control+z");
  await expect.poll(() => place(editor, "Spare")).toEqual(before);
  await editor.press("Control+Shift+z");
  await expect.poll(() => place(editor, "Spare")).toEqual(after);
});

test("#24 a node of an unknown type is a placeholder that says what is missing, and keeps its links", async ({
  editor,
}) => {
  await open(editor, {
    ...GRAPH,
    "9": {
      class_type: "FarThing",
      inputs: { clip: ["1", 1], secret: 3 },
      _meta: { title: "Far", pos: [720, 420], pack: "far-pack" },
    },
  });
  await still(editor);
  await expect(editor.node("Far")).toContainText(/FarThing/);
  await expect(editor.node("Far")).toContainText(/far-pack/);
  expect(await links(editor)).toContain("9/clip");
});
