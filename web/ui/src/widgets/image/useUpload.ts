import { useEffect, useRef, useState } from "react";
import { ApiError } from "~/api/http";
import { useUi } from "~/stores/ui";
import { chosen, uploadImage } from "./upload";

/** A picture that is on its way to the server. `share`: 0 to 1; null while none is. */
export function useUpload(change: (value: string) => void) {
  const [share, setShare] = useState<number | null>(null);
  const latest = useRef(change);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => {
    latest.current = change;
  });
  // A node that scrolls out of sight is unmounted: its upload goes on and sets the value all the same.
  const send = async (picture: File) => {
    stop.current?.abort();
    const mine = new AbortController();
    stop.current = mine;
    setShare(0);
    try {
      const place = await uploadImage(picture, picture.name, { signal: mine.signal, progress: setShare });
      latest.current(chosen(place));
    } catch (error) {
      if (!mine.signal.aborted) tellFailure(error);
    } finally {
      if (stop.current === mine) setShare(null);
    }
  };
  return { share, send, cancel: () => stop.current?.abort() };
}

/** Say why a picture was not stored: in the server's words, if it had some. */
export function tellFailure(error: unknown): void {
  const told = error instanceof ApiError && error.message ? error.message : null;
  useUi.getState().toast("error", told ?? { key: "widgets:image.unreachable" });
}
