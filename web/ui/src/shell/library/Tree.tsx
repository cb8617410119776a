import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import css from "./Library.module.css";

const ITEMS = "[role=treeitem]";

interface TreeProps {
  readonly label: string;
  readonly children: ReactNode;
}

/** A tree with one stop of the Tab key: arrows move, right opens, left closes or goes up, Enter chooses. Its items are
 * elements of the role treeitem with tabIndex -1 that take a click. */
export function Tree({ label, children }: TreeProps) {
  const tree = useRef<HTMLDivElement>(null);
  const last = useRef<HTMLElement | null>(null);
  const [inside, setInside] = useState(false);
  const items = () => [...(tree.current?.querySelectorAll<HTMLElement>(ITEMS) ?? [])];
  const key = (event: KeyboardEvent) => {
    const all = items();
    const at = all.findIndex((item) => item === document.activeElement);
    const item = all[at];
    if (!item) return;
    const open = item.getAttribute("aria-expanded");
    const up = item.parentElement?.closest<HTMLElement>(ITEMS);
    const steps: Record<string, () => void> = {
      ArrowDown: () => all[at + 1]?.focus(),
      ArrowUp: () => all[Math.max(0, at - 1)]?.focus(),
      Home: () => all[0]?.focus(),
      End: () => all.at(-1)?.focus(),
      ArrowRight: () => (open === "false" ? item.click() : open === "true" && all[at + 1]?.focus()),
      ArrowLeft: () => (open === "true" ? item.click() : up?.focus()),
      Enter: () => item.click(),
      " ": () => item.click(),
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    step();
  };
  return (
    <div
      ref={tree}
      role="tree"
      aria-label={label}
      tabIndex={inside ? -1 : 0}
      className={css["tree"]}
      onKeyDown={key}
      onFocus={(event) => {
        setInside(true);
        if (event.target !== tree.current) last.current = event.target;
        else (last.current?.isConnected ? last.current : items()[0])?.focus();
      }}
      onBlur={(event) => setInside(tree.current?.contains(event.relatedTarget) ?? false)}
    >
      {children}
    </div>
  );
}
