import { useCallback, useEffect, useState } from "react";

/** Milliseconds that a note stays. */
const SHOWN = 3500;

/** A sentence that stays for a moment. */
export function useNote(): readonly [string | undefined, (note: string | undefined) => void] {
  const [note, setNote] = useState<{ readonly text: string | undefined }>({ text: undefined });
  useEffect(() => {
    if (note.text === undefined) return;
    const timer = setTimeout(() => setNote({ text: undefined }), SHOWN);
    return () => clearTimeout(timer);
  }, [note]);
  return [note.text, useCallback((text) => setNote({ text }), [])];
}
