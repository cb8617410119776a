/** A prompt in pieces, each drawn in one way. Together they are the text. */

import { marks, matching, type Mark } from "~/core/prompt";

export interface Piece {
  readonly text: string;
  readonly start: number;
  /** What it is; none for plain words. */
  readonly kind?: Mark["kind"];
  readonly depth: number;
  /** A bracket at the caret, or its partner. */
  readonly lit: boolean;
}

/** Args: caret: where it is; null without the focus. */
export function piecesOf(text: string, caret: number | null): Piece[] {
  const pair = caret === null ? null : matching(text, caret);
  const pieces: Piece[] = [];
  let at = 0;
  const plain = (to: number) => {
    if (at < to) pieces.push({ text: text.slice(at, to), start: at, depth: 0, lit: false });
  };
  for (const { start, end, kind, depth } of marks(text)) {
    plain(start);
    pieces.push({ text: text.slice(start, end), start, kind, depth, lit: pair?.includes(start) ?? false });
    at = end;
  }
  plain(text.length);
  return pieces;
}
