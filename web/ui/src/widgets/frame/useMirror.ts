import { useCallback, useLayoutEffect, useRef, useState } from "react";

/** The text of a field that is also in the document. What is typed shows at once and is told to `change` at once; a
 * value that comes back late from the document does not overwrite what was typed since, while one that comes from
 * elsewhere (undo, another view) does. */
export function useMirror(value: string, change: (text: string) => void): readonly [string, (text: string) => void] {
  const [text, setText] = useState(value);
  const sent = useRef<string[]>([]);
  useLayoutEffect(() => {
    const at = sent.current.indexOf(value);
    sent.current = at < 0 ? [] : sent.current.slice(at + 1);
    if (at < 0 || !sent.current.length) setText(value);
  }, [value]);
  const type = useCallback(
    (typed: string) => {
      sent.current.push(typed);
      setText(typed);
      change(typed);
    },
    [change],
  );
  return [text, type];
}
