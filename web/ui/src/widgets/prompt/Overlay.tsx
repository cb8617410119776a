import { type CSSProperties, Fragment, type Ref, useMemo } from "react";
import type { Lit } from "~/core/words";
import { cx } from "~/ui/cx";
import { piecesOf } from "./pieces";
import css from "./Prompt.module.css";

interface OverlayProps {
  readonly text: string;
  readonly caret: number | null;
  /** Which character `mark` is put on. */
  readonly markAt: number | null;
  readonly mark: Ref<HTMLSpanElement>;
  /** Words that were read, and how much. */
  readonly lit: readonly Lit[] | undefined;
  readonly ref: Ref<HTMLDivElement>;
}

/** Depths of brackets that have a colour of their own; deeper ones begin again. */
const COLOURS = 3;

/** The text of the box again, in colour, behind its own letters, which are clear. It has the same font, padding and
 * width of the scroll bar, so that every letter lies on its twin. */
export function Overlay({ text, caret, markAt, mark, lit, ref }: OverlayProps) {
  const pieces = useMemo(() => piecesOf(text, caret), [text, caret]);
  return (
    <div ref={ref} aria-hidden="true" className={css["overlay"]}>
      {lit && <Lights text={text} lit={lit} />}
      {pieces.map((piece) => (
        <span
          key={piece.start}
          data-kind={piece.kind}
          data-depth={piece.kind === "bracket" ? piece.depth % COLOURS : undefined}
          className={cx(piece.lit && css["lit"])}
        >
          {piece.text}
        </span>
      ))}
      {/* A last line that is empty has its height all the same. */}
      {"\n"}
      {markAt !== null && (
        <div className={css["ghost"]}>
          {text.slice(0, markAt)}
          <span ref={mark}>{"\u200B"}</span>
        </div>
      )}
    </div>
  );
}

/** The text once more, unseen: what of it is lit has a ground behind its letters. */
function Lights({ text, lit }: { readonly text: string; readonly lit: readonly Lit[] }) {
  const sorted = lit.toSorted((a, b) => a.start - b.start);
  return (
    <div className={css["lights"]}>
      {sorted.map(({ start, end, share }, n) => (
        <Fragment key={start}>
          {text.slice(sorted[n - 1]?.end ?? 0, start)}
          <span
            style={{ "--share": `${Math.round(share * 100)}%` } as CSSProperties}
            data-share={Math.round(share * 100)}
          >
            {text.slice(start, end)}
          </span>
        </Fragment>
      ))}
      {text.slice(sorted.at(-1)?.end ?? 0)}
    </div>
  );
}
