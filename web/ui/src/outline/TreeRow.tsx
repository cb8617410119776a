import {
  ChevronRight,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  Clock3,
  Frame,
  StickyNote,
  TriangleAlert,
  Zap,
} from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { graphOf } from "~/core/document";
import { typeIn } from "~/core/validate";
import { labelOf } from "~/i18n/nodes";
import { useDoc } from "~/stores/doc";
import { type NodeRun, useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { scopeOf } from "~/stores/ui";
import type { Icon } from "~/ui/Button";
import { cx } from "~/ui/cx";
import { Spinner } from "~/ui/Spinner";
import { goTo } from "./actions";
import { nodeName, rowName } from "./names";
import css from "./Outline.module.css";
import { toggle } from "./store";
import type { Row } from "./tree";

interface Props {
  readonly row: Row;
  readonly index: number;
  /** Pixels from the top of the list. */
  readonly top: number;
  readonly active: boolean;
  choose(index: number): void;
}

const MARKS: Partial<Readonly<Record<NodeRun["state"], Icon>>> = {
  waiting: Clock3,
  done: CircleCheck,
  cached: Zap,
  error: CircleAlert,
  stopped: CircleDashed,
};

/** One row; its name tells a screen reader all that its marks show. */
export const TreeRow = memo(function TreeRow({ row, index, top, active, choose }: Props) {
  const { t } = useTranslation("outline");
  const registry = useServer((s) => s.registry);
  const scope = scopeOf(row.path);
  const name = useDoc((s) => rowName(s.doc, registry, row));
  const kind = useDoc((s) => kindText(s.doc, registry, row));
  const mode = useDoc((s) => (row.kind === "node" ? graphOf(s.doc, scope).nodes[row.id]?.mode : undefined));
  const run = useRun((s) => (row.kind === "node" ? s.nodes[row.key] : undefined));
  const problems = useRun((s) => (row.kind === "node" ? s.problems[row.key] : undefined)) ?? [];
  const errors = problems.filter((p) => p.severity === "error").length;
  const told = [
    name,
    row.kind === "node" ? kind : t(row.kind),
    run && t(`state.${run.state}`),
    run?.state === "running" && run.total ? t("step", { done: run.done ?? 0, total: run.total }) : "",
    mode && t(`mode.${mode}`),
    problems.length > 0 && t(errors ? "errors" : "warnings", { count: errors || problems.length }),
  ];
  return (
    <div
      role="treeitem"
      aria-level={row.level}
      aria-posinset={row.place}
      aria-setsize={row.of}
      aria-expanded={row.open ?? undefined}
      aria-selected={active}
      aria-label={told.filter(Boolean).join(", ")}
      tabIndex={active ? 0 : -1}
      data-index={index}
      className={cx(css["row"], active && css["active"], mode && css["off"])}
      style={{ top, paddingInlineStart: 4 + (row.level - 1) * 14 }}
      onClick={() => choose(index)}
      onDoubleClick={() => goTo(row)}
      onKeyDown={undefined}
    >
      <Twist row={row} />
      {row.kind === "group" && <Frame size={13} className={css["kindMark"]} />}
      {row.kind === "note" && <StickyNote size={13} className={css["kindMark"]} />}
      <span className={css["name"]}>{name}</span>
      {row.kind === "node" && kind !== name && <span className={css["kind"]}>{kind}</span>}
      <span className={css["marks"]}>
        {mode && <span className={css["mode"]}>{t(`mode.${mode}`)}</span>}
        {problems.length > 0 &&
          (errors ? (
            <CircleAlert size={13} className={css["bad"]} />
          ) : (
            <TriangleAlert size={13} className={css["warned"]} />
          ))}
        {run && <State run={run} />}
      </span>
    </div>
  );
});

function kindText(doc: Parameters<typeof nodeName>[0], registry: Parameters<typeof nodeName>[1], row: Row): string {
  const scope = scopeOf(row.path);
  if (row.kind !== "node") return "";
  const type = graphOf(doc, scope).nodes[row.id] && typeIn(doc, scope, registry, row.id);
  return type ? labelOf(type) : nodeName(doc, registry, scope, row.id);
}

/** Opens and closes what the row holds; the keyboard does that with the arrows. */
function Twist({ row }: { readonly row: Row }) {
  if (row.open === null) return <span className={css["twist"]} />;
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- for the mouse: arrows open and close
    <span
      className={cx(css["twist"], row.open && css["open"])}
      onClick={(event) => {
        event.stopPropagation();
        toggle(row.key);
      }}
    >
      <ChevronRight size={14} />
    </span>
  );
}

function State({ run }: { readonly run: NodeRun }) {
  const Mark = MARKS[run.state];
  if (run.state === "running")
    return (
      <>
        {run.total ? <span className={css["percent"]}>{Math.round((100 * (run.done ?? 0)) / run.total)}%</span> : null}
        <Spinner />
      </>
    );
  return Mark ? <Mark size={13} {...{ className: css[run.state] }} /> : null;
}
