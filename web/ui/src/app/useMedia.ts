import { useSyncExternalStore } from "react";
import { PHONE } from "~/stores/ui";

/** Whether a media query holds, now and when that changes. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = globalThis.matchMedia?.(query);
      list?.addEventListener("change", changed);
      return () => list?.removeEventListener("change", changed);
    },
    () => globalThis.matchMedia?.(query).matches ?? false,
  );
}

/** One hand, one column: panels are sheets and the rail is a bar at the bottom. */
export const usePhone = (): boolean => useMedia(PHONE);
