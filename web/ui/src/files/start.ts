/** The beginning: what was open comes back, else the first template. */

import { watchComparison } from "./compare";
import { restoreDrafts } from "./drafts";
import { openTemplate } from "./open";
import { watchChanges } from "./tabs";
import { loadTemplates } from "./templates";

export const FIRST = "text_to_image";

let begun: Promise<void> | null = null;

/** Once for the page. */
export function start(): Promise<void> {
  begun ??= begin();
  return begun;
}

async function begin(): Promise<void> {
  watchChanges();
  watchComparison();
  if (!(await restoreDrafts())) await openTemplate(FIRST);
  void loadTemplates().catch(() => undefined);
}
