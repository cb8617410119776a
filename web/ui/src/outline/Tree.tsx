import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { goTo, selectIfHere } from "./actions";
import { rowName } from "./names";
import { focusOn, setActive, toggle, takesFocus, useOutline } from "./store";
import css from "./Outline.module.css";
import { moved, type Row, typed } from "./tree";
import { TreeRow } from "./TreeRow";

const ROW = 28;
/** Milliseconds in which letters belong to one word. */
const WORD = 900;

/** Letters typed in quick succession. */
function useWord() {
  const word = useRef({ text: "", time: 0 });
  return (letter: string): string => {
    const now = performance.now();
    const text = now - word.current.time < WORD ? word.current.text + letter : letter;
    word.current = { text, time: now };
    return [...text].every((c) => c === text[0]) ? letter : text;
  };
}

/** The list of rows: arrows move, letters seek, Enter leads to the details. Only what is in sight is drawn. */
export function Tree({ rows, active }: { readonly rows: readonly Row[]; readonly active: number }) {
  const { t } = useTranslation("outline");
  const box = useRef<HTMLDivElement>(null);
  const word = useWord();
  const wanted = useOutline((s) => s.focus);

  const rangeExtractor = useCallback(
    (range: Range) => [...new Set([...defaultRangeExtractor(range), Math.max(0, active)])].toSorted((a, b) => a - b),
    [active],
  );
  // oxlint-disable-next-line react/incompatible-library -- nothing of it is kept
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    getItemKey: (n) => rows[n]?.key ?? n,
    initialRect: { width: 280, height: 600 },
    overscan: 6,
    rangeExtractor,
  });

  const focusRow = useCallback(
    (n: number) => {
      virtual.scrollToIndex(n);
      box.current?.querySelector<HTMLElement>(`[data-index="${n}"]`)?.focus({ preventScroll: true });
    },
    [virtual],
  );

  const go = (n: number) => {
    const row = rows[n];
    if (!row) return;
    setActive(row.key);
    selectIfHere(row);
    requestAnimationFrame(() => focusRow(n));
  };

  useEffect(() => {
    if (takesFocus(wanted, "tree")) requestAnimationFrame(() => focusRow(Math.max(0, active)));
  }, [wanted, active, focusRow]);

  useEffect(() => {
    if (active >= 0) virtual.scrollToIndex(active);
  }, [active, virtual]);

  const names = useMemo(
    () => () => rows.map((row) => rowName(useDoc.getState().doc, useServer.getState().registry, row)),
    [rows],
  );

  const key = (event: KeyboardEvent) => {
    const { ctrlKey, metaKey, altKey, shiftKey } = event;
    const row = rows[active];
    if (ctrlKey || metaKey || altKey || !row) return;
    if (pressed(event.key, shiftKey, row)) return done(event);
    const next = moved(rows, active, event.key);
    if (next !== undefined) {
      go(next);
      return done(event);
    }
    if (event.key.length !== 1 || event.key === " " || shiftKey) return;
    const found = typed(names(), active, word(event.key));
    if (found >= 0) go(found);
    done(event);
  };

  return (
    <div ref={box} className={css["tree"]} data-keys="outline.tree">
      <div
        role="tree"
        aria-label={t("tree")}
        tabIndex={rows.length ? undefined : 0}
        onKeyDown={key}
        style={{ height: virtual.getTotalSize() }}
        className={css["rows"]}
      >
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <TreeRow
                key={row.key}
                row={row}
                index={item.index}
                top={item.start}
                active={item.index === Math.max(0, active)}
                choose={go}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

const done = (event: KeyboardEvent) => {
  event.preventDefault();
  event.stopPropagation();
};

/** Keys that do something with the row itself; says whether it was one. */
function pressed(key: string, shift: boolean, row: Row): boolean {
  const opens = key === "ArrowRight" && row.open === false;
  const closes = key === "ArrowLeft" && row.open === true;
  if (opens || closes || (key === " " && row.open !== null)) toggle(row.key);
  else if (key === "Enter" && shift) goTo(row);
  else if (key === "Enter") focusOn("details");
  else return false;
  return true;
}
