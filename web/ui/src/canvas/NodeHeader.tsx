import { ChevronDown, ChevronRight, CircleAlert, DatabaseZap, Pin, SquareStack, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { subgraphIdOf } from "~/core/document";
import { setCollapsed, setTitle } from "~/core/edits/nodes";
import type { GraphNode, NodeType } from "~/core/types";
import { helpOf } from "~/i18n/nodes";
import { useRun } from "~/stores/run";
import { tip } from "~/ui/Tooltip";
import styles from "./NodeHeader.module.css";
import { Title } from "./Title";
import { change } from "./edit";
import { enter } from "./handlers";
import { progressOf, useProblems } from "./runState";

interface Props {
  readonly id: string;
  readonly full: string;
  readonly title: string;
  readonly node: GraphNode;
  readonly type: NodeType;
  readonly readOnly: boolean;
}

export function NodeHeader({ id, full, title, node, type, readOnly }: Props) {
  const { t } = useTranslation("canvas");
  const collapsed = node.collapsed === true;
  const Chevron = collapsed ? ChevronRight : ChevronDown;
  const instance = subgraphIdOf(type.name) !== null;
  const toggle = () =>
    change(collapsed ? "expand" : "collapse", (d, scope) => setCollapsed(d, scope, [id], !collapsed));
  return (
    <header className={styles["header"]}>
      <button
        type="button"
        className={`${styles["fold"]} nodrag`}
        aria-expanded={!collapsed}
        aria-label={t(collapsed ? "node.expand" : "node.collapse")}
        disabled={readOnly}
        onClick={toggle}
      >
        <Chevron size={14} aria-hidden="true" />
      </button>
      {instance && (
        <button
          type="button"
          className={`${styles["fold"]} ${styles["mark"]} nodrag`}
          {...tip(t("command.enter"))}
          aria-label={t("command.enter")}
          onClick={() => void enter(id)}
        >
          <SquareStack size={13} aria-hidden="true" />
        </button>
      )}
      <Title
        id={id}
        text={title}
        hint={title === type.label ? helpOf(type) : `${type.label} — ${helpOf(type)}`}
        readOnly={readOnly}
        save={(text) => change("title", (d, scope) => setTitle(d, scope, id, text))}
        open={instance ? () => void enter(id) : undefined}
      />
      <Badges full={full} node={node} mode={node.mode ? t(`mode.${node.mode}`) : ""} />
      <Progress full={full} />
    </header>
  );
}

function Badges({ full, node, mode }: { full: string; node: GraphNode; mode: string }) {
  return (
    <span className={styles["badges"]} aria-hidden="true">
      {node.pinned && <Pin size={12} />}
      {node.mode && (
        <span className={styles["mode"]} data-mode={node.mode}>
          {mode}
        </span>
      )}
      <Kept full={full} />
      <Trouble full={full} />
    </span>
  );
}

/** Its result is there already: it was not run, or would not be. */
function Kept({ full }: { full: string }) {
  const kept = useRun((s) => s.nodes[full]?.state === "cached");
  return kept ? <KeptMark /> : null;
}

function KeptMark() {
  const { t } = useTranslation("canvas");
  return (
    <span className={styles["cached"]} {...tip(t("node.cached"))}>
      <DatabaseZap size={12} />
    </span>
  );
}

function Trouble({ full }: { full: string }) {
  const problems = useProblems(full);
  const failed = useRun((s) => s.nodes[full]?.state === "error");
  const errors = problems.filter((p) => p.severity === "error").length;
  if (!failed && !problems.length) return null;
  const Icon = failed || errors ? CircleAlert : TriangleAlert;
  return (
    <span className={styles["trouble"]} data-severity={failed || errors ? "error" : "warning"}>
      <Icon size={13} />
      {problems.length > 1 && problems.length}
    </span>
  );
}

/** The bar under the header while the node runs; it alone is drawn anew as a step goes on. */
function Progress({ full }: { full: string }) {
  const running = useRun((s) => s.nodes[full]?.state === "running");
  const share = useRun((s) => progressOf(s.nodes[full]));
  if (!running) return null;
  return (
    <span className={styles["progress"]} data-known={share !== null} aria-hidden="true">
      <span style={{ transform: `scaleX(${share ?? 1})` }} />
    </span>
  );
}
