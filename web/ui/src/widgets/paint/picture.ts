/** Pictures of the server as pixels, and pixels as pictures. The only part of the painter that knows a canvas. */

import { placeOf, viewUrl } from "~/api/files";
import type { Place } from "~/api/schema";
import { blank, type Layer } from "./layer";
import { MASK_COLOR } from "./store";

/** Pixels of the largest picture that is painted on: more than that is too slow in a browser. */
export const MOST_PIXELS = 24_000_000;

export interface Opened {
  readonly layer: Layer;
  /** What lies below; null on a blank sheet. */
  readonly base: HTMLImageElement | null;
  readonly place: Place | null;
}

export class TooLarge extends Error {}

/** A picture without its transparency. */
async function loaded(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

function context(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const made = canvas.getContext("2d", { willReadFrequently: true });
  if (!made) throw new Error("no canvas");
  return made;
}

function pixelsOf(image: HTMLImageElement): Layer {
  const { naturalWidth: width, naturalHeight: height } = image;
  const draw = context(width, height);
  draw.drawImage(image, 0, 0);
  return { width, height, data: new Uint8ClampedArray(draw.getImageData(0, 0, width, height).data) };
}

/** The picture that an input names, and a clear sheet over it; of a mask, what the picture has already. Raises TooLarge,
 * and what the browser raises when it cannot load the picture. */
export async function opened(value: string, mode: "mask" | "sketch"): Promise<Opened> {
  const place = placeOf(value);
  const url = viewUrl(place);
  const base = await loaded(`${url}&channel=rgb`);
  if (base.naturalWidth * base.naturalHeight > MOST_PIXELS) throw new TooLarge();
  const layer =
    mode === "mask" ? maskOf(pixelsOf(await loaded(`${url}&channel=a`))) : blank(base.naturalWidth, base.naturalHeight);
  return { layer, base, place };
}

/** Paint where the picture is transparent. */
export function maskOf(alpha: Layer): Layer {
  const layer = blank(alpha.width, alpha.height);
  for (let i = 0; i < layer.data.length; i += 4) {
    layer.data.set(MASK_COLOR, i);
    layer.data[i + 3] = 255 - (alpha.data[i + 3] ?? 255);
  }
  return layer;
}

/** A picture that is transparent where there is paint: the form that the server takes masks in. */
export function transparency(mask: Layer): Layer {
  const layer = blank(mask.width, mask.height);
  for (let i = 3; i < layer.data.length; i += 4) layer.data[i] = 255 - (mask.data[i] ?? 0);
  return layer;
}

/** What is seen: the sheet over what lies below, or over paper. */
export function flattened(layer: Layer, base: HTMLImageElement | null, paper: string | null): HTMLCanvasElement {
  const draw = context(layer.width, layer.height);
  if (base) draw.drawImage(base, 0, 0);
  else if (paper) {
    draw.fillStyle = paper;
    draw.fillRect(0, 0, layer.width, layer.height);
  }
  const sheet = context(layer.width, layer.height);
  sheet.putImageData(new ImageData(layer.data, layer.width, layer.height), 0, 0);
  draw.drawImage(sheet.canvas, 0, 0);
  return draw.canvas;
}

/** The pixels that are seen. */
export function looked(layer: Layer, base: HTMLImageElement | null, paper: string | null): Layer {
  const { width, height } = layer;
  const draw = flattened(layer, base, paper).getContext("2d");
  return draw ? { width, height, data: new Uint8ClampedArray(draw.getImageData(0, 0, width, height).data) } : layer;
}

export function png(source: Layer | HTMLCanvasElement): Promise<Blob> {
  const canvas = source instanceof HTMLCanvasElement ? source : sheetOf(source);
  return new Promise((done, fail) =>
    canvas.toBlob(
      (blob) => (blob ? done(blob) : fail(new Error("the browser could not write the picture"))),
      "image/png",
    ),
  );
}

function sheetOf(layer: Layer): HTMLCanvasElement {
  const draw = context(layer.width, layer.height);
  draw.putImageData(new ImageData(layer.data, layer.width, layer.height), 0, 0);
  return draw.canvas;
}
