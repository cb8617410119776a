import { useTranslation } from "react-i18next";
import type { NodeType } from "~/core/types";
import { problemText, runErrorText } from "~/i18n/problems";
import { NodeFacts } from "~/live/NodeFacts";
import { NodePreview } from "~/live/NodePreview";
import { NodeResult } from "~/live/NodeResult";
import { useRun } from "~/stores/run";
import styles from "./NodeResults.module.css";
import { useProblems } from "./runState";

const EDGE = 4;

/** The area for pictures and texts that the node made. */
export function Shown({ full, place }: { full: string; place: { readonly top: number; readonly height: number } }) {
  return (
    <div className={styles["shown"]} style={{ top: place.top, height: place.height - EDGE }}>
      <NodeResult id={full} height={place.height - EDGE} />
    </div>
  );
}

/** What hangs under a node: what is missing, what went wrong. It takes no room of the graph. */
export function Below({ full, type }: { full: string; type: NodeType }) {
  return (
    <div className={styles["below"]}>
      <Missing full={full} type={type} />
      <Failure full={full} />
      <NodeFacts id={full} />
      <NodePreview id={full} />
    </div>
  );
}

/** A type that is not installed here, until the server's check says the same. */
function Missing({ full, type }: { full: string; type: NodeType }) {
  const told = useProblems(full).some((p) => p.input === null);
  if (!type.unknown || told) return null;
  return <MissingText type={type} />;
}

function MissingText({ type }: { type: NodeType }) {
  const { t } = useTranslation("canvas");
  const pack = type.module;
  return (
    <p className={styles["failure"]}>
      {pack ? t("node.missing_from", { type: type.name, pack }) : t("node.missing", { type: type.name })}
    </p>
  );
}

/** Why the node failed, and what is wrong with it as a whole. */
function Failure({ full }: { full: string }) {
  const error = runErrorText(useRun((s) => (s.nodes[full]?.state === "error" ? s.nodes[full] : undefined)));
  const problems = useProblems(full).filter((p) => p.input === null);
  if (!error && !problems.length) return null;
  return (
    <ul className={styles["failure"]}>
      {error && <li>{error}</li>}
      {problems.map((problem) => (
        <li key={problem.code + problem.message}>{problemText(problem)}</li>
      ))}
    </ul>
  );
}
