/** The card that shows a value: of which output, and what is known of it. */

import { create } from "zustand";
import type { NodeId } from "~/core/types";
import type { Step } from "~/stores/ui";
import type { ValueAnswer } from "./schema";

/** An output of a node, in whichever graph. */
export interface Subject {
  readonly path: readonly Step[];
  readonly node: NodeId;
  readonly output: number;
}

export type Answer =
  | { readonly state: "asking" }
  /** The node is muted, bypassed or leads to nothing. */
  | { readonly state: "off" }
  | { readonly state: "told"; readonly value: ValueAnswer }
  | { readonly state: "refused"; readonly text: string };

interface InspectState {
  readonly subject: Subject | null;
  /** Of the subject; an old one stays until the next is there. */
  readonly answer: Answer;
  /** Grows with each wish that the card take the keyboard. */
  readonly focus: number;
  /** Where the card was dragged to, from where it would lie. */
  readonly shift: { readonly x: number; readonly y: number };
}

export const useInspect = create<InspectState>()(() => ({
  subject: null,
  answer: { state: "asking" },
  focus: 0,
  shift: { x: 0, y: 0 },
}));

export const samePath = (a: readonly Step[], b: readonly Step[]): boolean =>
  a.length === b.length && a.every((step, n) => step.instance === b[n]?.instance);

const same = (a: Subject, b: Subject | null): boolean =>
  b !== null && a.node === b.node && a.output === b.output && samePath(a.path, b.path);

/** Show the value of an output; once more on the same one closes the card. */
export function show(subject: Subject, toggle = false): void {
  const now = useInspect.getState();
  if (same(subject, now.subject)) {
    if (toggle) close();
    else useInspect.setState({ focus: now.focus + 1 });
    return;
  }
  const beside = now.subject?.node === subject.node && samePath(subject.path, now.subject.path);
  const shift = beside ? now.shift : { x: 0, y: 0 };
  useInspect.setState({ subject, answer: { state: "asking" }, focus: now.focus + 1, shift });
}

export const close = (): void => useInspect.setState({ subject: null });
