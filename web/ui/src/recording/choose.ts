/** Two jobs of the history: the first is chosen, the second opens the dialog that says why the pictures differ. */

import { create } from "zustand";
import type { Job } from "~/api/schema";
import { useUi } from "~/stores/ui";

export const WHY = "recording.why";

interface Choosing {
  readonly first: Job | null;
}

export const useChoosing = create<Choosing>()(() => ({ first: null }));

/** Choose a job, or let go of it, or compare the chosen one with it. */
export function choose(job: Job): void {
  const { first } = useChoosing.getState();
  if (first === null) useChoosing.setState({ first: job });
  else {
    useChoosing.setState({ first: null });
    if (first.id !== job.id) compare(first, job);
  }
}

export const endChoosing = (): void => useChoosing.setState({ first: null });

/** Show two jobs side by side, the earlier one first. */
export function compare(one: Job, two: Job): void {
  const [before, after] = one.number <= two.number ? [one, two] : [two, one];
  useUi.getState().show(WHY, { before, after });
}
