/** What the dialogs of files are given. */

import type { Point } from "~/core/types";

interface DialogArgs {
  /** Of a tab. */
  readonly id?: string;
  /** Of a file of the user's. */
  readonly name?: string;
  readonly files?: readonly File[];
  readonly at?: Point;
}

/** The arguments of a dialog; it may be opened without any. */
export function dialogArgs(args: unknown): DialogArgs {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only this part opens these dialogs
  return typeof args === "object" && args !== null ? (args as DialogArgs) : {};
}
