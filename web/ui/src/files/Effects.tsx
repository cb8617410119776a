import { useEffect } from "react";
import { start } from "./start";

/** What the files do without being seen. */
export function Effects() {
  useEffect(() => void start(), []);
  return null;
}
