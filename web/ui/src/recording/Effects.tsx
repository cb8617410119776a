import { useEffect } from "react";
import { follow } from "./follow";

/** Keeps the panel with what runs. */
export function Effects() {
  useEffect(follow, []);
  return null;
}
