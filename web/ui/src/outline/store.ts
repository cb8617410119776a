/** Which row the outline is at, what is open in it, and what it is asked to focus. */

import { create } from "zustand";

interface OutlineState {
  /** The key of the row that is shown in detail and that Tab leads to. */
  readonly active: string | null;
  /** Rows that are open or closed otherwise than at first. */
  readonly toggled: ReadonlySet<string>;
  /** Grows with each wish that the tree (or the details) take the focus. */
  readonly focus: { readonly part: "tree" | "details"; readonly n: number };
  /** The wish that was last fulfilled: one made before the panel was there waits for it. */
  readonly taken: number;
  /** What was done, for screen readers; told once each. */
  readonly said: { readonly text: string; readonly n: number };
}

export const useOutline = create<OutlineState>()(() => ({
  active: null,
  toggled: new Set(),
  focus: { part: "tree", n: 0 },
  taken: 0,
  said: { text: "", n: 0 },
}));

export const setActive = (active: string | null): void => useOutline.setState({ active });

export const focusOn = (part: "tree" | "details"): void =>
  useOutline.setState((s) => ({ focus: { part, n: s.focus.n + 1 } }));

/** Whether a wish is for one of these parts and nobody has taken it yet; who is told so takes it. */
export function takesFocus(wish: OutlineState["focus"], ...parts: ("tree" | "details")[]): boolean {
  if (wish.n === useOutline.getState().taken || !parts.includes(wish.part)) return false;
  useOutline.setState({ taken: wish.n });
  return true;
}

/** Open what is closed and the other way round. */
export const toggle = (key: string): void =>
  useOutline.setState(({ toggled }) => {
    const next = new Set(toggled);
    if (!next.delete(key)) next.add(key);
    return { toggled: next };
  });

/** Tell a screen reader, when it is done with what it says. */
export const say = (text: string): void => useOutline.setState((s) => ({ said: { text, n: s.said.n + 1 } }));
