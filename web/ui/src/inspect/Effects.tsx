import { useEffect } from "react";
import { follow } from "./ask";
import { followLight } from "./light";

/** Keeps the value of the card new, and what a watched run tells. */
export function Effects() {
  useEffect(follow, []);
  useEffect(followLight, []);
  return null;
}
