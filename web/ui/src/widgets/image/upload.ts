/** Sending pictures to the server's input folder. */

import { z } from "zod";
import { place as placeShape, type Place } from "~/api/schema";
import { ApiError } from "~/api/http";
import { inputName, nameOf } from "~/api/files";
import { useServer } from "~/stores/server";

const stored = z.object({ name: z.string(), subfolder: z.string(), type: placeShape.shape.type });

/** Refusals of ComfyUI's routes. */
const failure = z.object({ error: z.object({ type: z.string(), message: z.string() }) });

interface Sending {
  /** Texts beside the picture. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** 0 to 1. */
  progress?(share: number): void;
}

/** Store a picture; a name that is taken by another picture is changed. Raises ApiError. */
export const uploadImage = (picture: Blob, name: string, sending: Sending = {}): Promise<Place> =>
  send("/upload/image", picture, name, sending);

/** Store a picture with the colours of `original` and the transparency of `mask`. Raises ApiError. */
export const uploadMask = (mask: Blob, name: string, original: Place, sending: Sending = {}): Promise<Place> => {
  const { filename, subfolder, type } = original;
  const fields = { ...sending.fields, original_ref: JSON.stringify({ filename, subfolder, type }) };
  return send("/upload/mask", mask, name, { ...sending, fields });
};

async function send(path: string, picture: Blob, name: string, sending: Sending): Promise<Place> {
  const form = new FormData();
  for (const [key, text] of Object.entries({ type: "input", ...sending.fields })) form.append(key, text);
  form.append("image", picture, name);
  const { status, text } = await posted(path, form, sending);
  const json = parsed(text);
  if (status !== 200) {
    const told = failure.safeParse(json).data?.error;
    throw new ApiError(status, told?.type ?? "http", told?.message ?? String(status));
  }
  const { name: filename, subfolder, type } = stored.parse(json);
  return { filename, subfolder, type };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `fetch` tells nothing of how far an upload is. */
function posted(
  path: string,
  form: FormData,
  { signal, progress }: Sending,
): Promise<{ status: number; text: string }> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.addEventListener("load", () => done({ status: request.status, text: request.responseText }));
    request.addEventListener("error", () => fail(new ApiError(0, "unreachable", "")));
    request.addEventListener("abort", () => fail(new DOMException("", "AbortError")));
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress?.(event.loaded / event.total);
    });
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** An input's value for a stored picture, which is in the lists from now on. */
export function chosen(place: Place): string {
  if (place.type === "input")
    useServer.setState((s) => {
      const name = nameOf(place);
      const others = (s.files["input"] ?? []).filter((one) => one !== name);
      return { files: { ...s.files, input: [name, ...others] } };
    });
  return inputName(place);
}

/** The first picture among what was dropped or pasted. */
export const pictureIn = (data: DataTransfer | null): File | undefined =>
  [...(data?.files ?? [])].find((file) => file.type.startsWith("image/"));
