/** Selection, copies, modes, groups, notes, subgraphs, order. */

import { GRAPH, about, header, links, open, place, selected, still } from "./canvas-kit";
import { type Editor, expect, middle, test } from "./fixture";

const nodes = (editor: Editor) => editor.page.locator(".react-flow__node-node");

test("#10 clicks select, Shift adds, a box takes what it touches, all, inverted, before and after", async ({
  editor,
}) => {
  await open(editor);
  await header(editor, "Prompt").click();
  await header(editor, "Spare").click({ modifiers: ["Shift"] });
  expect(await selected(editor)).toEqual(["Prompt", "Spare"]);
  await header(editor, "Prompt").click({ modifiers: ["Control"] });
  expect(await selected(editor)).toEqual(["Spare"]);
  await editor.press("Control+a");
  expect(await selected(editor)).toHaveLength(6);
  await editor.press("Control+i");
  expect(await selected(editor)).toEqual([]);

  const size = await editor.node("Size").boundingBox();
  const spare = await editor.node("Spare").boundingBox();
  if (!size || !spare) throw new Error("nodes are not on the screen");
  await editor.page.keyboard.down("Shift");
  await editor.drag(
    { x: size.x - 30, y: size.y + size.height + 20 },
    { x: size.x + 60, y: spare.y + spare.height - 10 },
  );
  await editor.page.keyboard.up("Shift");
  expect(await selected(editor)).toEqual(["Size", "Spare"]);

  await header(editor, "Sampler").click();
  await editor.press("[");
  expect(await selected(editor)).toEqual(["Model", "Prompt", "Sampler", "Size"]);
  await header(editor, "Prompt").click();
  await editor.press("]");
  expect(await selected(editor)).toEqual(["Decode", "Prompt", "Sampler"]);
  await editor.press("Escape");
  expect(await selected(editor)).toEqual([]);
});

test("#8 copies through the clipboard, with and without the links that lead to them", async ({ editor, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(editor);
  await header(editor, "Prompt").click();
  await editor.press("Control+c");
  await editor.press("Control+v");
  await expect(nodes(editor)).toHaveCount(7);
  expect(await links(editor)).toHaveLength(6);
  await editor.press("Control+Shift+v");
  await expect(nodes(editor)).toHaveCount(8);
  await expect.poll(() => links(editor)).toContain("8/clip");
  await header(editor, "Size").click();
  await editor.press("Control+d");
  await expect(nodes(editor)).toHaveCount(9);
  await editor.press("Control+x");
  await expect(nodes(editor)).toHaveCount(8);
});

test("#8 a workflow that is pasted as text opens", async ({ editor, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await editor.open();
  await editor.page.evaluate((text) => navigator.clipboard.writeText(text), JSON.stringify(GRAPH));
  await editor.press("Control+v");
  await expect(editor.node("Spare")).toBeVisible();
});

test("#11 muting and bypassing are told by words, and links of a muted node are dashed", async ({ editor }) => {
  await open(editor);
  await header(editor, "Prompt").click();
  await editor.press("Control+m");
  await expect(editor.node("Prompt")).toHaveAccessibleName(/^Prompt.*, Muted/);
  await expect(editor.node("Prompt").getByText("Muted", { exact: true })).toBeVisible();
  await expect((await editor.link(editor.node("Sampler"), "positive")).locator('[data-still="true"]')).toHaveCount(1);
  await editor.press("Control+b");
  await expect(editor.node("Prompt").getByText("Bypassed", { exact: true })).toBeVisible();
  await editor.press("Control+b");
  await expect(editor.node("Prompt").getByText("Bypassed", { exact: true })).toHaveCount(0);
});

test("#12 a collapsed node is its header, and its links meet there", async ({ editor }) => {
  await open(editor);
  const before = await editor.node("Sampler").boundingBox();
  await header(editor, "Sampler").click();
  await editor.press("Alt+c");
  await expect(editor.node("Sampler")).toHaveAccessibleName(/collapsed/);
  const after = await editor.node("Sampler").boundingBox();
  expect(after?.height ?? 0).toBeLessThan((before?.height ?? 0) / 3);
  expect(await links(editor)).toHaveLength(6);
  await editor.node("Sampler").getByRole("button", { name: "Expand" }).click();
  await expect(editor.node("Sampler").getByLabel("steps", { exact: true })).toBeVisible();
});

test("#13 a pinned node stays, and a locked canvas takes no edit", async ({ editor }) => {
  await open(editor);
  await header(editor, "Spare").click();
  await editor.press("p");
  const before = await place(editor, "Spare");
  const box = await header(editor, "Spare").boundingBox();
  if (!box) throw new Error("the node is not on the screen");
  await editor.drag({ x: box.x + 90, y: box.y + 8 }, { x: box.x + 60, y: box.y + 80 });
  expect(await place(editor, "Spare")).toEqual(before);
  await editor.press("h");
  await editor.press("Delete");
  await expect(editor.node("Spare")).toBeVisible();
  await editor.press("h");
  await header(editor, "Spare").click();
  await editor.press("Delete");
  await expect(editor.node("Spare")).toHaveCount(0);
});

test("#14 a group carries what lies in it, and mutes it", async ({ editor }) => {
  await open(editor);
  await header(editor, "Spare").click();
  await editor.press("Control+g");
  const field = editor.page.getByLabel("Title", { exact: true });
  await field.fill("Ideas");
  await field.press("Enter");
  const group = editor.page.getByRole("group", { name: "Group Ideas" });
  await expect(group).toBeVisible();
  const before = await place(editor, "Spare");
  const title = await middle(group.getByText("Ideas", { exact: true }));
  await editor.drag(title, { x: title.x - 30, y: title.y + 120 }, 10);
  await expect.poll(async () => (await place(editor, "Spare")).y).toBeGreaterThan(before.y + 60);
  await editor.press("Control+m");
  await expect(editor.node("Spare").getByText("Muted", { exact: true })).toBeVisible();
  await editor.press("Control+z");
  await editor.press("Control+z");
  await expect.poll(() => place(editor, "Spare")).toEqual(before);
});

test("#14 a note is Markdown without raw HTML, and is edited in place", async ({ editor }) => {
  const note = {
    text: "# Read me\n\n<img src=x onerror=alert(1)> **bold**",
    pos: [0, 250],
    size: [260, 160],
    markdown: true,
  };
  await open(editor, { ...GRAPH, _workflow: about({ notes: [note] }) });
  const shown = editor.page.locator(".react-flow__node-note");
  await expect(shown.getByRole("heading", { name: "Read me" })).toBeVisible();
  await expect(shown.locator("img")).toHaveCount(0);
  await shown.locator("strong").dblclick();
  const field = shown.getByRole("textbox");
  await field.fill("*other* words");
  await field.press("Control+Enter");
  await expect(shown.locator("em")).toHaveText("other");
});

test("#15 a subgraph is made, entered, shows a field outside, is left and unpacked", async ({ editor }) => {
  await open(editor);
  await header(editor, "Prompt").click();
  await editor.press("Control+Shift+e");
  const instance = editor.node("Subgraph");
  await expect(instance).toBeVisible();
  await expect.poll(async () => (await links(editor)).length).toBe(6);
  await instance.getByRole("button", { name: "Look into the subgraph" }).click();
  await expect(editor.page.getByRole("navigation", { name: "Subgraphs" })).toContainText("Subgraph");
  await expect(editor.page.locator(".react-flow__node-boundary")).toHaveCount(2);
  await still(editor);
  await header(editor, "Prompt").click({ button: "right" });
  await editor.page.getByRole("menuitem", { name: "Show on the subgraph" }).click();
  await editor.page.getByRole("menuitemcheckbox", { name: "text" }).click();
  await editor.press("Escape");
  await editor.press("Escape");
  await expect(editor.page.locator(".react-flow__node-boundary")).toHaveCount(0);
  await expect(instance.getByRole("textbox", { name: "text" })).toHaveValue("a fox");
  await header(editor, "Subgraph").click();
  await editor.press("Control+Shift+g");
  await expect(editor.node("Prompt")).toBeVisible();
  await expect.poll(async () => (await links(editor)).length).toBe(6);
});

test("#15 inside, a link to the empty socket of the boundary makes a port", async ({ editor }) => {
  await open(editor);
  await header(editor, "Size").click();
  await editor.press("Control+Shift+e");
  await editor.node("Subgraph").getByRole("button", { name: "Look into the subgraph" }).click();
  await still(editor);
  const inputs = editor.page.locator('.react-flow__node[data-id="@in"]');
  await editor.connect(inputs, "out:0", editor.node("Size"), "in:width");
  await expect(inputs.getByText("width", { exact: true })).toBeVisible();
  await editor.press("Escape");
  await expect(editor.node("Subgraph").locator('[data-handleid="in:width"]')).toBeVisible();
});

test("#16 tidy puts all in layers; edges are put in line; undo takes both back", async ({ editor }) => {
  await open(editor);
  const before = await place(editor, "Size");
  await header(editor, "Prompt").click();
  await header(editor, "Sampler").click({ modifiers: ["Shift"] });
  await header(editor, "Sampler").click({ button: "right" });
  await editor.page.getByRole("menuitem", { name: "Arrange" }).click();
  await editor.page.getByRole("menuitem", { name: "Align lower edges" }).click();
  const boxes = await Promise.all([editor.node("Prompt").boundingBox(), editor.node("Sampler").boundingBox()]);
  const [a = 0, b = 0] = boxes.map((box) => (box ? box.y + box.height : 0));
  expect(Math.abs(a - b)).toBeLessThan(2);
  await editor.press("Escape");
  await editor.press("l");
  await still(editor);
  const [model, sampler, decode] = [
    await place(editor, "Model"),
    await place(editor, "Sampler"),
    await place(editor, "Decode"),
  ];
  expect(model.x).toBeLessThan(sampler.x);
  expect(sampler.x).toBeLessThan(decode.x);
  await editor.press("Control+z");
  await editor.press("Control+z");
  await expect.poll(() => place(editor, "Size")).toEqual(before);
});

test("#16 a dragged node gives way to what it is level with, and shows it", async ({ editor }) => {
  await open(editor);
  const model = await place(editor, "Model");
  const box = await header(editor, "Decode").boundingBox();
  if (!box) throw new Error("the node is not on the screen");
  const grip = { x: box.x + 90, y: box.y + box.height / 2 };
  await editor.page.mouse.move(grip.x, grip.y);
  await editor.page.mouse.down();
  await editor.page.mouse.move(grip.x + 40, grip.y + 3, { steps: 6 });
  await expect(editor.page.locator("line[class*=guide]")).not.toHaveCount(0);
  await editor.page.mouse.up();
  expect((await place(editor, "Decode")).y).toBe(model.y);
});

test("the size of a node is dragged at its corner", async ({ editor }) => {
  await open(editor);
  const box = await editor.node("Prompt").boundingBox();
  if (!box) throw new Error("the node is not on the screen");
  await editor.node("Prompt").hover();
  await editor.drag(
    { x: box.x + box.width - 4, y: box.y + box.height - 4 },
    { x: box.x + box.width + 20, y: box.y + box.height + 24 },
  );
  const after = await editor.node("Prompt").boundingBox();
  expect(after?.width ?? 0).toBeGreaterThan(box.width + 10);
  await editor.press("Control+z");
  await expect
    .poll(async () => Math.round((await editor.node("Prompt").boundingBox())?.width ?? 0))
    .toBe(Math.round(box.width));
});
