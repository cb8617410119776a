/** What is to be told of a file that was opened, by tab: what is missing here, what was lost on the way. */

import { create } from "zustand";
import type { Told } from "~/core/types";
import type { Problem } from "~/stores/run";
import type { Missing } from "./schema";

export interface Notice {
  readonly missing: Missing;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Told[];
}

interface NoticesState {
  readonly notices: Readonly<Record<string, Notice>>;
}

export const useNotices = create<NoticesState>()(() => ({ notices: {} }));

const empty = ({ missing, problems, warnings }: Notice): boolean =>
  !missing.types.length && !missing.files.length && !problems.length && !warnings.length;

/** Keep what is to be told of a tab's file. */
export function notice(tab: string, told: Notice): void {
  if (!empty(told)) useNotices.setState((s) => ({ notices: { ...s.notices, [tab]: told } }));
}

export function dismissNotice(tab: string): void {
  useNotices.setState((s) => {
    const { [tab]: _, ...notices } = s.notices;
    return { notices };
  });
}
