import { ApiError } from "~/api/http";
import { errorText } from "~/i18n/problems";
import { useUi } from "~/stores/ui";

/** What went wrong, in the reader's language where it is known. */
export const textOf = (error: unknown): string =>
  error instanceof ApiError ? errorText(error) : error instanceof Error ? error.message : String(error);

/** Tell a failure to the user. */
export const complain = (error: unknown): void => useUi.getState().toast("error", textOf(error));
