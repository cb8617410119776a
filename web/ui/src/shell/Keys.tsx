import { useEffect } from "react";
import { listen } from "~/commands/listen";

/** Listens for keys while the editor is open. */
export function Keys() {
  useEffect(listen, []);
  return null;
}
