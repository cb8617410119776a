import { useEffect } from "react";
import { follow } from "./ask";

/** Keeps the value of the card new. */
export function Effects() {
  useEffect(follow, []);
  return null;
}
