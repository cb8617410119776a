/** What the reader calls what was recorded. */

import type { Registry } from "~/core/types";
import { labelOf } from "~/i18n/nodes";
import type { Run } from "./schema";

/** A run's node: its title, else its type's name. */
export function nameOf(run: Pick<Run, "title" | "type">, registry: Registry): string {
  const type = registry[run.type];
  return run.title || (type ? labelOf(type) : run.type);
}
