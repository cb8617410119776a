/** The page object: what a person does in the editor, in the editor's words. */

import path from "node:path";
import { type Locator, type Page, expect } from "@playwright/test";
import { type Server, UI } from "./server";

/** "in:clip", "out:0". */
export type SocketName = `in:${string}` | `out:${number}`;

export interface At {
  readonly x: number;
  readonly y: number;
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

export class Editor {
  constructor(
    readonly page: Page,
    readonly server: Server,
    private readonly allowed: RegExp[],
  ) {}

  /** Errors of the console that this test brings about. */
  allow(...some: RegExp[]): void {
    this.allowed.push(...some);
  }

  /** Load the editor; it is there when the canvas is, and the node types are known. */
  async open(at = "/"): Promise<void> {
    await this.page.goto(this.server.url + at);
    await this.ready();
  }

  async ready(): Promise<void> {
    await expect(this.pane).toBeVisible({ timeout: 240_000 });
    await expect(this.page.locator("html")).toHaveAttribute("data-ready", "true", { timeout: 240_000 });
  }

  /** The canvas between the nodes. */
  get pane(): Locator {
    return this.page.locator(".react-flow__pane");
  }

  /** All nodes that are drawn. */
  get nodes(): Locator {
    return this.page.locator(".react-flow__node[data-id]").and(this.page.getByRole("group"));
  }

  get links(): Locator {
    return this.page.locator(".react-flow__edge");
  }

  /** A node by what stands in its header; the first of several. */
  node(title: string): Locator {
    const name = new RegExp(`^${escaped(title)}(,|$)`);
    return this.page.locator(".react-flow__node").and(this.page.getByRole("group", { name })).first();
  }

  nodeById(id: string): Locator {
    return this.page.locator(`.react-flow__node[data-id="${id}"]`);
  }

  socket(node: Locator, name: SocketName): Locator {
    return node.locator(`.react-flow__handle[data-handleid="${name}"]`);
  }

  /** The control of an input, by its label as it is shown. */
  widget(node: Locator, label: string): Locator {
    return node.getByLabel(label, { exact: true });
  }

  /** The link into an input. */
  async link(node: Locator, input: string): Promise<Locator> {
    return this.page.locator(`.react-flow__edge[data-id="${await node.getAttribute("data-id")}/${input}"]`);
  }

  /** The middle of a link on the screen. */
  async middleOfLink(node: Locator, input: string): Promise<At> {
    return (await this.link(node, input))
      .locator("path")
      .first()
      .evaluate((element) => {
        if (!(element instanceof SVGPathElement)) throw new Error("a link without a path");
        const point = element
          .getPointAtLength(element.getTotalLength() / 2)
          .matrixTransform(element.getScreenCTM() ?? undefined);
        return { x: point.x, y: point.y };
      });
  }

  /** Drag a link from one socket to another, either way round. */
  async connect(from: Locator, out: SocketName, to: Locator, input: SocketName): Promise<void> {
    await this.socket(from, out).hover();
    await this.page.mouse.down();
    await this.socket(to, input).hover();
    const at = await middle(this.socket(to, input));
    await this.page.mouse.move(at.x, at.y, { steps: 4 });
    await this.page.mouse.up();
  }

  /** Drag with the left button. */
  async drag(from: At, to: At, steps = 8): Promise<void> {
    const { mouse } = this.page;
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move(to.x, to.y, { steps });
    await mouse.up();
  }

  /** Bring the keyboard to the canvas: no node, no link, no field has the focus. */
  async focusCanvas(): Promise<void> {
    await this.page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    });
  }

  async press(keys: string): Promise<void> {
    await this.focusCanvas();
    await this.page.keyboard.press(keys);
  }

  /** The field of the palette that is open: the one for nodes, or the one for commands. */
  get palette(): Locator {
    return this.page.locator("dialog[open]").getByRole("combobox");
  }

  /** Add a node through the palette: at a point of the screen by double-click, else by the keyboard. */
  async addNode(search: string, at?: At): Promise<Locator> {
    const before = new Set(await this.ids());
    if (at) await this.page.mouse.dblclick(at.x, at.y);
    else await this.press("Shift+A");
    const field = this.palette;
    await field.fill(search);
    await expect(this.page.getByRole("option").first()).toBeVisible();
    await field.press("Enter");
    await expect(field).toBeHidden();
    const added = async () => (await this.ids()).find((id) => !before.has(id));
    await expect.poll(added, { message: `a node for "${search}"` }).toBeDefined();
    return this.nodeById((await added()) ?? "");
  }

  /** Ids of the nodes that are drawn: those in view, and some others. */
  async ids(): Promise<string[]> {
    return this.nodes.evaluateAll((all) => all.map((one) => one.dataset["id"] ?? ""));
  }

  /** Run a command by its title in the command palette. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press("Control+k");
    await this.palette.fill(title);
    await this.page.getByRole("option", { name: title }).first().click();
  }

  /** Queue the front tab's workflow. */
  async run(): Promise<void> {
    await this.page.keyboard.press("Control+Enter");
  }

  /** Wait until a node (or anything on the page) shows a picture that the server made. */
  async waitForPicture(within: Locator | Page = this.page, timeout = 240_000): Promise<Locator> {
    const picture = within.locator('img[src*="/view?"], img[src*="/api/v1/images"]').first();
    await expect(picture).toBeVisible({ timeout });
    await expect
      .poll(() => picture.evaluate((img: HTMLImageElement) => img.naturalWidth), { timeout })
      .toBeGreaterThan(0);
    return picture;
  }

  /** Drop a file as from the desktop. */
  async drop(file: { name: string; type: string; bytes: Uint8Array }, at: At = { x: 700, y: 450 }): Promise<void> {
    const sent = { ...file, bytes: [...file.bytes] };
    const data = await this.page.evaluateHandle(({ name, type, bytes }) => {
      const made = new DataTransfer();
      made.items.add(new File([new Uint8Array(bytes)], name, { type }));
      return made;
    }, sent);
    const target = await this.page.evaluateHandle(({ x, y }) => document.elementFromPoint(x, y) ?? document.body, at);
    for (const event of ["dragenter", "dragover", "drop"])
      await target.evaluate(
        (element, { kind, dataTransfer, x, y }) =>
          element.dispatchEvent(
            new DragEvent(kind, { dataTransfer, clientX: x, clientY: y, bubbles: true, cancelable: true }),
          ),
        { kind: event, dataTransfer: data, ...at },
      );
  }

  /** A picture of the page in e2e/results/screens, to be looked at. */
  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: path.join(UI, "e2e/results/screens", `${name}.png`), animations: "disabled" });
  }
}

/** The middle of an element on the screen. */
export async function middle(element: Locator): Promise<At> {
  const box = await element.boundingBox();
  if (!box) throw new Error("the element is not on the screen");
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
