import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import { cx } from "./cx";
import css from "./Tabs.module.css";

interface TabsProps {
  /** What the row of tabs is about. */
  readonly label: string;
  readonly tabs: readonly { readonly id: string; readonly label: string }[];
  readonly chosen: string;
  readonly className?: string | undefined;
  /** Of the chosen tab. */
  readonly children: ReactNode;
  choose(id: string): void;
}

/** Pages of which one is shown; arrows move between their tabs. */
export function Tabs({ label, tabs, chosen, className, children, choose }: TabsProps) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const key = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const steps: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 };
    const step = steps[event.key];
    const next = step === undefined ? undefined : tabs.at(step % tabs.length);
    if (!next) return;
    event.preventDefault();
    choose(next.id);
    list.current?.querySelector<HTMLElement>(`[data-tab="${CSS.escape(next.id)}"]`)?.focus();
  };
  return (
    <div className={cx(css["tabs"], className)}>
      {/* oxlint-disable-next-line jsx-a11y/interactive-supports-focus -- the tabs have the focus */}
      <div ref={list} role="tablist" aria-label={label} className={css["list"]} onKeyDown={key}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${id}-${tab.id}`}
            data-tab={tab.id}
            aria-selected={tab.id === chosen}
            aria-controls={`${id}-page`}
            tabIndex={tab.id === chosen ? 0 : -1}
            className={css["tab"]}
            onClick={() => choose(tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a long page is scrolled by keyboard */}
      <div role="tabpanel" id={`${id}-page`} aria-labelledby={`${id}-${chosen}`} tabIndex={0} className={css["page"]}>
        {children}
      </div>
    </div>
  );
}
