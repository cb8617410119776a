/** XY plots: axes are picked on the node, cells show as they are made, what fails says so in its place. */

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { faults } from "./faults";
import { type Editor, expect, test } from "./fixture";

test.use({ variant: "real" });
test.describe.configure({ timeout: 600_000 });

const LONG = { timeout: 240_000 };

const plot = (editor: Editor) => editor.node("XY Plot");
const tiles = (editor: Editor) => plot(editor).getByRole("button", { name: /^Open / });

async function pick(editor: Editor, axis: string, query: string, target: string): Promise<void> {
  await plot(editor).getByRole("combobox", { name: axis }).focus();
  await editor.page.keyboard.type(query);
  await editor.page.keyboard.press("Enter");
  await expect(plot(editor).getByRole("combobox", { name: axis })).toHaveText(target);
}

test("axes are picked on the node, the grid is drawn, and its value is looked at", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  const steps = editor.widget(editor.node("Sampler"), "steps");
  await steps.fill("3");
  await steps.press("Enter");
  const added = await editor.addNode("XY Plot", { x: 900, y: 640 });
  await editor.press("Escape");
  await editor.press("f");
  await editor.connect(editor.node("Latent to picture"), "out:0", added, "in:image");

  await pick(editor, "x input", "sampler_n", "Sampler.sampler_name");
  await plot(editor).getByRole("button", { name: "x values: choose values" }).click();
  const offered = page.getByRole("dialog", { name: /x values/ });
  await offered.getByRole("textbox").fill("eul");
  await offered.getByRole("checkbox", { name: "euler", exact: true }).check();
  await offered.getByRole("checkbox", { name: "euler_ancestral", exact: true }).check();
  expect.soft(await faults(editor), "the choices").toEqual([]);
  await editor.screenshot("grid-values");
  await page.keyboard.press("Escape");
  await pick(editor, "y input", "seed", "Sampler.seed");
  await editor.widget(plot(editor), "y values").fill("1..2");

  await editor.socket(plot(editor), "out:0").click();
  const card = page.getByRole("dialog", { name: /^Value of/ });
  await expect(card).toHaveAccessibleName("Value of XY Plot: grid");
  await card.getByRole("button", { name: "Run up to here" }).click();
  await expect(card.locator("img").first()).toBeVisible(LONG);
  await expect(tiles(editor)).toHaveCount(4);
  for (const label of ["euler", "euler_ancestral", "seed 1", "seed 2"])
    await expect(plot(editor).getByTitle(label, { exact: true })).toBeVisible();
  expect.soft(await faults(editor), "the grid").toEqual([]);
  await editor.screenshot("grid-whole");
});

const GATED = (there: string, later: string) => ({
  "1": { class_type: "KitWait", inputs: { number: 64, file: there }, _meta: { title: "Gate", pos: [0, 0] } },
  "2": {
    class_type: "KitFail",
    inputs: { number: 64, message: "it is broken", unless: there },
    _meta: { title: "Brittle", pos: [0, 220] },
  },
  "3": {
    class_type: "EmptyImage",
    inputs: { width: ["1", 0], height: ["2", 0], batch_size: 1, color: 16_738_816 },
    _meta: { title: "Paint", pos: [380, 0] },
  },
  "8": {
    class_type: "XYPlot",
    inputs: {
      image: ["3", 0],
      x_input: "Gate.file",
      x_values: `${there}, ${later}`,
      y_input: "Brittle.unless",
      y_values: `${there}, ${later}`,
    },
    _meta: { title: "XY Plot", pos: [720, 0], size: [460, 560] },
  },
  "9": { class_type: "PreviewImage", inputs: { images: ["8", 0] }, _meta: { title: "Picture", pos: [1240, 0] } },
});

test("cells show as they are made; one that fails says why in its place, and is made by the next run", async ({
  editor,
}) => {
  const { page, server } = editor;
  const [there, gate, mended] = ["there", "gate", "mended"].map((name) => path.join(server.data, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(there, "");
  await editor.open();
  const graph = GATED(there, gate);
  graph["8"].inputs.y_values = `${there}, ${mended}`;
  const bytes = new TextEncoder().encode(JSON.stringify(graph));
  await editor.drop({ name: "gated.json", type: "application/json", bytes });
  await expect(plot(editor)).toBeVisible();
  await editor.press("f");
  await editor.run();

  const gaps = plot(editor).getByText(/^KitFail failed: it is broken/);
  await expect(gaps).toHaveCount(2, LONG);
  await expect(tiles(editor)).toHaveCount(1);
  await editor.screenshot("grid-partial");
  await writeFile(gate, "");
  await expect(tiles(editor)).toHaveCount(2, LONG);
  await expect(gaps).toHaveCount(2);
  await editor.waitForPicture(editor.node("Picture"));
  expect.soft(await faults(editor), "gaps").toEqual([]);
  await editor.screenshot("grid-gaps");

  await writeFile(mended, "");
  await editor.run();
  await expect(tiles(editor)).toHaveCount(4, LONG);
  await expect(gaps).toHaveCount(0);
  await expect(page.getByText(/failed/)).toHaveCount(0);
});
