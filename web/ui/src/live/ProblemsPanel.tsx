import { CircleAlert, CircleCheck, Copy, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { inputLabel } from "~/i18n/nodes";
import { problemText, runErrorText } from "~/i18n/problems";
import { useDoc } from "~/stores/doc";
import { type Problem, useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { IconButton } from "~/ui/Button";
import { Empty } from "~/ui/Empty";
import { goTo, nameOfNode } from "./goto";
import { Mends } from "./Mends";
import css from "./ProblemsPanel.module.css";

/** All that is wrong with the document, and what failed in its last run; each with the way there and its mends. */
export function ProblemsPanel() {
  const { t } = useTranslation("live");
  const found = useRun((s) => s.found);
  const failed = useRun((s) => s.nodes);
  const failures = Object.entries(failed).filter(
    ([id, run]) => run.state === "error" && run.error && !inner(id, failed),
  );
  if (!found.length && !failures.length)
    return <Empty icon={CircleCheck} title={t("problems.none")} text={t("problems.none_text")} />;
  return (
    <ul className={css["list"]} aria-label={t("problems.title")}>
      {failures.map(([id]) => (
        <li key={`failed ${id}`}>
          <FailureRow id={id} />
        </li>
      ))}
      {found.map((problem) => (
        <li key={`${problem.code} ${problem.node} ${problem.input} ${problem.message}`}>
          <ProblemRow problem={problem} />
        </li>
      ))}
    </ul>
  );
}

/** An instance that only sums up a failure inside it. */
const inner = (id: string, nodes: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(nodes).some((other) => other.startsWith(`${id}:`));

function Place({ id, input }: { readonly id: string; readonly input?: string | null }) {
  const { t } = useTranslation("live");
  const registry = useServer((s) => s.registry);
  const name = useDoc((s) => nameOfNode(s.doc, registry, id));
  return (
    <button type="button" className={css["place"]} onClick={() => goTo(id)} title={t("problems.go")}>
      {name}
      {input && <span className={css["input"]}>{input}</span>}
    </button>
  );
}

function ProblemRow({ problem }: { readonly problem: Problem }) {
  const registry = useServer((s) => s.registry);
  const Mark = problem.severity === "error" ? CircleAlert : TriangleAlert;
  const type = registry[String(problem.args["type"])];
  const input = problem.input !== null && type ? inputLabel(type, problem.input) : problem.input;
  return (
    <article className={css["row"]} data-severity={problem.severity}>
      <Mark size={15} aria-hidden className={css["mark"]} />
      <div className={css["body"]}>
        {problem.node !== null && <Place id={problem.node} input={input} />}
        <p className={css["text"]}>{problemText(problem)}</p>
        <Mends problem={problem} />
      </div>
    </article>
  );
}

/** Why a node failed: its sentence, and what a report needs behind it. */
export function FailureRow({ id }: { readonly id: string }) {
  const { t } = useTranslation("live");
  const run = useRun((s) => s.nodes[id]);
  const job = useRun((s) => s.job);
  const details = [run?.error, run?.exception, t("problems.node", { id }), t("problems.job", { id: job ?? "" })].filter(
    Boolean,
  );
  const copy = () => void navigator.clipboard?.writeText(details.join("\n"));
  return (
    <article className={css["row"]} data-severity="error">
      <CircleAlert size={15} aria-hidden className={css["mark"]} />
      <div className={css["body"]}>
        <Place id={id} />
        <p className={css["text"]}>{runErrorText(run)}</p>
        <details className={css["details"]}>
          <summary>{t("problems.details")}</summary>
          <pre>{details.join("\n")}</pre>
          <IconButton icon={Copy} small label={t("problems.copy")} onClick={copy} />
        </details>
      </div>
    </article>
  );
}
