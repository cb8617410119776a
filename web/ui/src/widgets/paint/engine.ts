/** A picture that is being painted: strokes, shapes, and an undo of its own. It knows no canvas and no pointer. */

import { feathered, inverted } from "./alpha";
import { between, type Brush, dab, type Sample } from "./brush";
import {
  around,
  type Color,
  type Cover,
  cropped,
  erased,
  inside,
  isEmpty,
  laid,
  type Layer,
  pasted,
  type Rect,
  whole,
} from "./layer";
import { flood, lasso, type Point, rectangle } from "./shapes";

/** How a stroke or a shape is laid on. */
export interface Ink {
  readonly color: Color;
  /** 0 to 1. */
  readonly strength: number;
  readonly erase: boolean;
}

interface Step {
  readonly rect: Rect;
  readonly before: Uint8ClampedArray<ArrayBuffer>;
  readonly after: Uint8ClampedArray<ArrayBuffer>;
}

/** Bytes of undo that are kept; the oldest go. */
const MOST_BYTES = 256 << 20;

const bytes = (step: Step) => step.before.length + step.after.length;

export class Painting {
  private past: Step[] = [];
  private future: Step[] = [];
  /** The layer as it was before the stroke or shape that is under way. */
  private readonly before: Layer;
  private readonly cover: Cover;
  private stroke: { readonly brush: Brush; readonly ink: Ink; last: Sample; rect: Rect } | null = null;

  /** Args: changed: told of the pixels that are different now, and once more when they are a step of the history. */
  constructor(
    readonly layer: Layer,
    private readonly changed: (rect: Rect) => void = () => undefined,
  ) {
    this.before = { ...layer, data: layer.data.slice() };
    this.cover = new Uint8Array(layer.width * layer.height);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  begin(at: Sample, brush: Brush, ink: Ink): void {
    this.cancel();
    const rect = dab(this.cover, this.layer, at, brush);
    this.stroke = { brush, ink, last: at, rect };
    this.lay(rect, ink);
  }

  extend(to: Sample): void {
    const { stroke } = this;
    if (!stroke) return;
    let rect: Rect | null = null;
    for (const one of between(stroke.last, to, stroke.brush))
      rect = around(rect, dab(this.cover, this.layer, one, stroke.brush));
    stroke.last = to;
    if (!rect) return;
    stroke.rect = around(stroke.rect, rect);
    this.lay(rect, stroke.ink);
  }

  end(): void {
    const { stroke } = this;
    this.stroke = null;
    if (stroke) this.keep(stroke.rect);
  }

  /** Give the stroke under way up. */
  cancel(): void {
    const { stroke } = this;
    this.stroke = null;
    if (stroke) this.restore(stroke.rect);
  }

  rectangle(a: Point, b: Point, ink: Ink): void {
    this.shape((cover) => rectangle(cover, this.layer, a, b), ink);
  }

  lasso(outline: readonly Point[], ink: Ink): void {
    if (outline.length > 2) this.shape((cover) => lasso(cover, this.layer, outline), ink);
  }

  /** Fill what looks alike in `look`, from a point on. */
  flood(at: Point, look: Layer, tolerance: number, ink: Ink): void {
    this.shape((cover) => flood(cover, look, at, tolerance), ink);
  }

  clear(): void {
    this.all((layer) => layer.data.fill(0));
  }

  /** Of a mask: `color` is that of all its paint. */
  invert(color: Color): void {
    this.all((layer) => {
      inverted(layer);
      tinted(layer, color);
    });
  }

  feather(radius: number, color: Color): void {
    this.all((layer) => {
      feathered(layer, radius);
      tinted(layer, color);
    });
  }

  undo(): void {
    this.cancel();
    this.travel(this.past, this.future, "before");
  }

  redo(): void {
    this.cancel();
    this.travel(this.future, this.past, "after");
  }

  private shape(draw: (cover: Cover) => Rect, ink: Ink): void {
    this.cancel();
    const rect = draw(this.cover);
    if (isEmpty(rect)) return;
    this.lay(rect, ink);
    this.keep(rect);
  }

  private all(change: (layer: Layer) => void): void {
    this.cancel();
    change(this.layer);
    this.keep(whole(this.layer));
  }

  private lay(rect: Rect, { color, strength, erase }: Ink): void {
    const part = inside(rect, this.layer);
    if (isEmpty(part)) return;
    if (erase) erased(this.layer, this.before, this.cover, part, strength);
    else laid(this.layer, this.before, this.cover, part, color, strength);
    this.changed(part);
  }

  /** The change is a step of the history from now on. */
  private keep(rect: Rect): void {
    const part = inside(rect, this.layer);
    if (isEmpty(part)) return;
    const step = { rect: part, before: cropped(this.before, part), after: cropped(this.layer, part) };
    pasted(this.before, part, step.after);
    this.uncover(part);
    this.past.push(step);
    this.future = [];
    let held = this.past.reduce((sum, one) => sum + bytes(one), 0);
    while (held > MOST_BYTES && this.past.length > 1) held -= bytes(this.past.shift() ?? step);
    this.changed(part);
  }

  private restore(rect: Rect): void {
    const part = inside(rect, this.layer);
    if (isEmpty(part)) return;
    pasted(this.layer, part, cropped(this.before, part));
    this.uncover(part);
    this.changed(part);
  }

  private uncover(rect: Rect): void {
    for (let y = rect.top; y < rect.bottom; y++)
      this.cover.fill(0, y * this.layer.width + rect.left, y * this.layer.width + rect.right);
  }

  private travel(from: Step[], to: Step[], side: "before" | "after"): void {
    const step = from.pop();
    if (!step) return;
    pasted(this.layer, step.rect, step[side]);
    pasted(this.before, step.rect, step[side]);
    to.push(step);
    this.changed(step.rect);
  }
}

/** All pixels of one colour; their alpha stays. */
function tinted({ data }: Layer, [red, green, blue]: Color): void {
  for (let i = 0; i < data.length; i += 4) {
    data[i] = red;
    data[i + 1] = green;
    data[i + 2] = blue;
  }
}
