/** The view: zoom, the far view, the small map, fingers, keys. */

import { header, links, open, place, selected, still } from "./canvas-kit";
import { type Editor, expect, test } from "./fixture";

const zoomOf = async (editor: Editor): Promise<number> => {
  const style = (await editor.page.locator(".react-flow__viewport").getAttribute("style")) ?? "";
  return Number(/scale\(([\d.]+)\)/.exec(style)?.[1] ?? 1);
};

/** Zoom out until nodes are only drawn. */
async function far(editor: Editor): Promise<void> {
  for (let n = 0; n < 6; n++) {
    const before = await zoomOf(editor);
    await editor.press("Alt+-");
    await expect.poll(() => zoomOf(editor)).toBeCloseTo(before * 0.8, 2);
    if (before * 0.8 < 0.4) return;
  }
}

test("#17 zoom by keys, the whole graph, the selection", async ({ editor }) => {
  await open(editor);
  const first = await zoomOf(editor);
  await editor.press("Alt+=");
  await expect.poll(() => zoomOf(editor)).toBeCloseTo(first * 1.25, 2);
  await header(editor, "Spare").click();
  await editor.press("f");
  await expect.poll(() => zoomOf(editor)).toBeCloseTo(1, 2);
  await editor.press(".");
  await expect.poll(() => zoomOf(editor)).toBeCloseTo(first, 2);
});

test("#17 far away nodes are drawn on a sheet, where they are selected, dragged and opened up", async ({ editor }) => {
  await open(editor);
  const spare = await place(editor, "Spare");
  await far(editor);
  await expect(editor.page.locator(".react-flow__node")).toHaveCount(0);
  await expect(editor.page.locator("#canvas canvas").first()).toBeVisible();
  await editor.screenshot("canvas-far");
  const style = (await editor.page.locator(".react-flow__viewport").getAttribute("style")) ?? "";
  const [, x = 0, y = 0] = (/translate\((-?[\d.]+)px, ?(-?[\d.]+)px\)/.exec(style) ?? []).map(Number);
  const zoom = await zoomOf(editor);
  const frame = await editor.pane.boundingBox();
  const at = { x: (frame?.x ?? 0) + x + (spare.x + 100) * zoom, y: (frame?.y ?? 0) + y + (spare.y + 60) * zoom };
  await editor.drag(at, { x: at.x - 20, y: at.y + 60 }, 8);
  await editor.press("f");
  await still(editor);
  await expect(editor.node("Spare")).toBeVisible();
  expect(await selected(editor)).toEqual(["Spare"]);
  expect((await place(editor, "Spare")).y).toBeGreaterThan(spare.y + 100);
  await editor.press("Control+z");
  await expect.poll(() => place(editor, "Spare")).toEqual(spare);
});

test("#17 the small map is shown and hidden, and leads there", async ({ editor }) => {
  await open(editor);
  const map = editor.page.getByRole("img", { name: "Small map of the graph" });
  await expect(map).toBeVisible();
  const before = await editor.page.locator(".react-flow__viewport").getAttribute("style");
  await map.click({ position: { x: 20, y: 20 } });
  await expect(editor.page.locator(".react-flow__viewport")).not.toHaveAttribute("style", before ?? "");
  await editor.press("Alt+m");
  await expect(map).toHaveCount(0);
  await editor.press("Alt+m");
  await expect(map).toBeVisible();
});

test("#17 the focused field stays when its node leaves the view", async ({ editor }) => {
  await open(editor);
  const field = editor.node("Prompt").getByRole("textbox");
  await field.focus();
  await editor.page.mouse.move(700, 700);
  await editor.page.mouse.down({ button: "middle" });
  await editor.page.mouse.move(700, 5000, { steps: 5 });
  await editor.page.mouse.up({ button: "middle" });
  await expect(editor.node("Decode")).toHaveCount(0);
  await editor.page.keyboard.type(" here");
  await expect(field).toHaveValue(/here/);
});

test("#18 the space bar makes a hand of the pointer; let go at once it opens the palette", async ({ editor }) => {
  await open(editor);
  const before = await header(editor, "Spare").boundingBox();
  await editor.focusCanvas();
  await editor.page.keyboard.down(" ");
  const at = { x: (before?.x ?? 0) + 90, y: (before?.y ?? 0) + 8 };
  await editor.drag(at, { x: at.x + 70, y: at.y + 30 });
  await editor.page.keyboard.up(" ");
  const after = await header(editor, "Spare").boundingBox();
  expect(Math.round((after?.x ?? 0) - (before?.x ?? 0))).toBe(70);
  await expect(editor.palette).toHaveCount(0);
  await editor.press(" ");
  await expect(editor.palette).toBeVisible();
});

test("#20 a node is reached by Tab, moved by arrows, and has a menu by keyboard", async ({ editor }) => {
  await open(editor);
  const node = editor.node("Spare");
  await node.focus();
  await node.press("Enter");
  expect(await selected(editor)).toEqual(["Spare"]);
  const before = await place(editor, "Spare");
  await node.press("ArrowDown");
  await node.press("ArrowDown");
  await expect.poll(async () => (await place(editor, "Spare")).y).toBeGreaterThan(before.y);
  await editor.press("Control+z");
  await expect.poll(() => place(editor, "Spare")).toEqual(before);
  await node.focus();
  await node.press("Shift+F10");
  await expect(editor.page.getByRole("menu", { name: "Node menu" })).toBeVisible();
});

test.describe("by finger", () => {
  test.use({ hasTouch: true, viewport: { width: 420, height: 800 } });

  test("#19 one finger pans, a long press opens the menu, sockets are large enough", async ({ editor }) => {
    await open(editor, { "1": { class_type: "VAEDecode", inputs: {}, _meta: { title: "Decode", pos: [0, 0] } } });
    const socket = await editor.socket(editor.node("Decode"), "in:samples").boundingBox();
    expect(Math.min(socket?.width ?? 0, socket?.height ?? 0)).toBeGreaterThanOrEqual(24);
    const cdp = await editor.page.context().newCDPSession(editor.page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", points: { x: number; y: number }[]) =>
      cdp.send("Input.dispatchTouchEvent", { type, touchPoints: points });
    const before = await editor.page.locator(".react-flow__viewport").getAttribute("style");
    await touch("touchStart", [{ x: 200, y: 600 }]);
    for (let n = 1; n <= 6; n++) await touch("touchMove", [{ x: 200, y: 600 - n * 12 }]);
    await touch("touchEnd", []);
    await expect(editor.page.locator(".react-flow__viewport")).not.toHaveAttribute("style", before ?? "");
    await still(editor);
    await touch("touchStart", [{ x: 210, y: 600 }]);
    await expect(editor.page.getByRole("menu")).toBeVisible();
    await touch("touchEnd", []);
  });
});

test("screens of the canvas", async ({ editor }) => {
  await open(editor);
  await header(editor, "Prompt").click();
  await editor.press("Control+b");
  await header(editor, "Spare").click();
  await editor.press("Control+m");
  await editor.press("Control+g");
  await editor.page.keyboard.press("Enter");
  await editor.screenshot("canvas");
  expect(await links(editor)).toHaveLength(6);
});
