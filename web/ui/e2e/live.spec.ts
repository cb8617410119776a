/** Problems with their mends, and the queue: what needs no device. */

import type { Locator } from "@playwright/test";
import { type Editor, expect, test } from "./fixture";

const GRAPH = {
  "1": {
    class_type: "CheckpointLoaderSimple",
    inputs: { ckpt_name: "mini-v1.safe" },
    _meta: { title: "Model", pos: [0, 0] },
  },
  "2": {
    class_type: "CLIPTextEncode",
    inputs: { text: "a fox", clip: ["1", 1] },
    _meta: { title: "Prompt", pos: [340, 0] },
  },
  "4": {
    class_type: "EmptyLatentImage",
    inputs: { width: 128, height: 128, batch_size: 1 },
    _meta: { title: "Size", pos: [340, 200] },
  },
  "5": {
    class_type: "KSampler",
    inputs: { model: ["1", 0], seed: "9007199254740993", steps: 0, positive: ["2", 0], latent_image: ["4", 0] },
    _meta: { title: "Sampler", pos: [700, 0] },
  },
  "6": {
    class_type: "VAEDecode",
    inputs: { samples: ["5", 0], vae: ["1", 2] },
    _meta: { title: "Decode", pos: [1060, 0] },
  },
  "7": { class_type: "SaveImage", inputs: { images: ["6", 0] }, _meta: { title: "Picture", pos: [1060, 200] } },
};

const drop = (editor: Editor, graph: object) =>
  editor.drop({
    name: "broken.json",
    type: "application/json",
    bytes: new TextEncoder().encode(JSON.stringify(graph)),
  });

/** Open a panel by its button on the rail, unless it is open. */
async function panel(editor: Editor, name: string): Promise<Locator> {
  const button = editor.page.getByRole("button", { name, exact: true }).first();
  if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
  return editor.page.getByRole("region", { name }).or(editor.page.getByRole("complementary", { name })).first();
}

test("#23 what is wrong stands at the input, with its mend as a button that undo takes back", async ({ editor }) => {
  editor.allow(/400 \(Bad Request\).*tokens/);
  await editor.open();
  await drop(editor, GRAPH);
  const sampler = editor.node("Sampler");
  await expect(sampler).toBeVisible();
  await panel(editor, "Problems");
  const list = editor.page.getByRole("list", { name: "Problems" });
  const row = (text: RegExp) => list.getByRole("listitem").filter({ hasText: text });

  await expect(row(/below the minimum/)).toBeVisible();
  await expect(row(/mini-v1\.safe/)).toBeVisible();
  await expect(sampler.locator('[data-input="steps"][data-severity="error"]')).toHaveCount(1);
  await editor.screenshot("live-problems");

  await row(/below the minimum/)
    .getByRole("button", { name: /1/ })
    .last()
    .click();
  await expect(row(/below the minimum/)).toHaveCount(0);
  await expect(editor.widget(sampler, "steps")).toHaveValue("1");
  await editor.press("Control+z");
  await expect(row(/below the minimum/)).toBeVisible();

  await row(/negative/)
    .getByRole("button", { name: /Prompt/ })
    .click();
  await expect(row(/negative/)).toHaveCount(0);
});

test("#23 what cannot run is refused in words, and nothing is queued", async ({ editor }) => {
  await editor.open();
  await drop(editor, GRAPH);
  // A node that the workflow before it has not: a run begins where the page stands.
  await expect(editor.node("Decode")).toBeVisible();
  editor.allow(/400 \(Bad Request\)/);
  await editor.run();
  await expect(editor.page.getByText(/It cannot run/)).toBeVisible();
  expect((await editor.server.ask<{ queued: unknown[] }>("GET", "/api/v1/queue")).queued).toEqual([]);
});

test("#25 jobs wait, change places, are held and cancelled, and the queue pauses", async ({ editor }) => {
  await editor.open();
  const queue = await panel(editor, "Queue");
  await queue.getByRole("button", { name: "Pause", exact: true }).click();
  await expect(queue.getByText(/The queue is paused/)).toBeVisible();
  const waiting = queue.getByRole("region", { name: "Waiting" }).getByRole("listitem");
  /** As the panel lists them, once the server has them so too. */
  const ids = async () => {
    const listed = await waiting.evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset["job"]));
    const { queued } = await editor.server.ask<{ queued: { id: string }[] }>("GET", "/api/v1/queue");
    return queued.map((job) => job.id).join() === listed.join() ? listed : [];
  };
  for (let n = 1; n <= 3; n++) {
    await editor.run();
    await expect(waiting).toHaveCount(n);
  }
  await expect.poll(async () => (await ids()).length).toBe(3);
  const [first, second, third] = await ids();

  await waiting.nth(2).getByRole("button", { name: "To the front" }).click();
  await expect.poll(ids).toEqual([third, first, second]);
  await waiting.nth(0).getByRole("button", { name: "Later" }).click();
  await expect.poll(ids).toEqual([first, third, second]);
  await waiting.nth(2).dragTo(waiting.nth(0));
  await expect.poll(ids).toEqual([second, first, third]);

  await waiting.nth(0).getByRole("button", { name: "Hold back" }).click();
  await expect(waiting.nth(0).getByText("Held back")).toBeVisible();
  await waiting.nth(1).getByRole("button", { name: "Cancel" }).click();
  await expect.poll(ids).toEqual([second, third]);
  await editor.screenshot("live-queue");

  await queue.getByRole("button", { name: "Cancel waiting" }).click();
  await expect(waiting).toHaveCount(0);
  await queue.getByRole("button", { name: "Resume", exact: true }).click();
  await expect(queue.getByText(/The queue is paused/)).toBeHidden();
});

test("#25 a batch queues as many runs as it says", async ({ editor }) => {
  await editor.open();
  await editor.server.ask("POST", "/api/v1/queue/pause");
  await editor.page.getByRole("button", { name: "Ways to run" }).click();
  await editor.page.getByLabel("Runs at each press").fill("3");
  await editor.page.keyboard.press("Escape");
  await editor.run();
  const queued = async () => (await editor.server.ask<{ queued: unknown[] }>("GET", "/api/v1/queue")).queued.length;
  await expect.poll(queued).toBe(3);
  await editor.server.ask("POST", "/queue", { clear: true });
  await editor.server.ask("POST", "/api/v1/queue/resume");
});
