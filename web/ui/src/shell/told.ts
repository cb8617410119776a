import { useTranslation } from "react-i18next";
import type { Told } from "~/core/types";

/** Says sentences that are given by key and arguments, in the reader's language. */
export function useTold(): (told: Told) => string {
  const { t } = useTranslation();
  return ({ key, args }) => t(key, { ...args });
}
