import { History as HistoryIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Entry } from "~/core/history";
import { useDoc } from "~/stores/doc";
import { Empty } from "~/ui/Empty";
import { cx } from "~/ui/cx";
import css from "./History.module.css";
import { lookAt } from "./look";
import { useTold } from "./told";

/** Go back or forward until so many steps are behind. */
export function goTo(steps: number): void {
  let last: Entry | undefined;
  for (let { past, future } = useDoc.getState(); past.length !== steps; { past, future } = useDoc.getState()) {
    const back = past.length > steps;
    last = (back ? past : future).at(-1);
    if (!last) return;
    if (back) useDoc.getState().undo();
    else useDoc.getState().redo();
  }
  if (last) lookAt(last);
}

/** All steps, the newest first: what is undone stands above the present, faint. A press goes there. */
export function HistoryPanel() {
  const { t, i18n } = useTranslation("shell");
  const past = useDoc((s) => s.past);
  const future = useDoc((s) => s.future);
  if (!past.length && !future.length)
    return <Empty icon={HistoryIcon} title={t("history.empty")} text={t("history.emptyText")} />;
  const steps = [...past, ...future.toReversed()];
  const time = new Intl.DateTimeFormat(i18n.language, { timeStyle: "short" });
  return (
    <ol className={css["list"]} reversed>
      {steps
        .map((entry, i) => (
          <Row
            // oxlint-disable-next-line react/no-array-index-key -- a step is told by its place
            key={i}
            entry={entry}
            at={i + 1}
            now={past.length}
            time={time.format(entry.time)}
          />
        ))
        .toReversed()}
      <li>
        <button
          type="button"
          className={css["row"]}
          aria-current={past.length === 0 ? "step" : undefined}
          onClick={() => goTo(0)}
        >
          <span className={css["what"]}>{t("history.start")}</span>
        </button>
      </li>
    </ol>
  );
}

interface RowProps {
  readonly entry: Entry;
  /** Steps that are behind once it is done. */
  readonly at: number;
  readonly now: number;
  readonly time: string;
}

function Row({ entry, at, now, time }: RowProps) {
  const told = useTold();
  return (
    <li>
      <button
        type="button"
        className={cx(css["row"], at > now && css["undone"])}
        aria-current={at === now ? "step" : undefined}
        onClick={() => goTo(at)}
      >
        <span className={css["what"]}>{told(entry.label)}</span>
        <time className={css["time"]}>{time}</time>
      </button>
    </li>
  );
}
