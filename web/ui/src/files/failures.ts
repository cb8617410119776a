/** What is told when something with a file fails. */

import i18next from "i18next";
import { ApiError } from "~/api/http";
import { JsonError } from "~/formats/json";
import { errorText } from "~/i18n/problems";
import { useUi } from "~/stores/ui";

/** One sentence, in the reader's language where it is known. */
export function sentenceOf(error: unknown): string {
  if (error instanceof JsonError) return i18next.t(`files:${error.key}`, { ...error.args });
  if (error instanceof ApiError) return error.status === 0 ? i18next.t("files:error.unreachable") : errorText(error);
  return error instanceof Error ? error.message : String(error);
}

/** Tell a failure; `name` is of the file that it is about. */
export function tellFailure(error: unknown, name = ""): void {
  const told = sentenceOf(error);
  useUi.getState().toast("error", name ? `${name}: ${told}` : told);
}
