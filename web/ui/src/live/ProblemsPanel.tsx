import { CircleAlert, CircleCheck, Copy, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { inputLabel } from "~/i18n/nodes";
import { mendText, problemText } from "~/i18n/problems";
import { useDoc } from "~/stores/doc";
import { type Problem, useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { Button, IconButton } from "~/ui/Button";
import { Empty } from "~/ui/Empty";
import { Select } from "~/ui/Select";
import { goTo, nameOfNode } from "./goto";
import { mend, remediesNow, type Remedy } from "./mend";
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

/** Buttons beyond this many become a list to choose from. */
const BUTTONS = 3;

/** The mends of a problem: a button each, or a list and a button where there are many. */
export function Mends({ problem }: { readonly problem: Problem }) {
  const { t } = useTranslation("live");
  useDoc((s) => s.doc.root);
  const remedies = remediesNow(problem);
  const words = mendText(problem);
  if (!remedies.length) return null;
  if (remedies.length > BUTTONS) return <Choice problem={problem} remedies={remedies} />;
  const named = (remedy: Remedy) =>
    problem.mend?.kind === "connect" ? t("problems.connect", { node: remedy.label }) : (words ?? t("problems.mend"));
  return (
    <div className={css["mends"]}>
      {remedies.map((remedy) => (
        <Button key={remedy.label} small onClick={() => mend(problem, remedy)}>
          {remedy.label && remedies.length > 1 && problem.mend?.kind !== "connect" ? remedy.label : named(remedy)}
        </Button>
      ))}
    </div>
  );
}

function Choice({ problem, remedies }: { readonly problem: Problem; readonly remedies: readonly Remedy[] }) {
  const { t } = useTranslation("live");
  const [chosen, choose] = useState(remedies[0]?.label ?? "");
  const remedy = remedies.find((r) => r.label === chosen) ?? remedies[0];
  return (
    <div className={css["mends"]}>
      <Select
        label={t("problems.choose")}
        bare
        className={css["choice"]}
        value={remedy?.label ?? ""}
        options={remedies.map(({ label }) => ({ value: label, label }))}
        change={choose}
      />
      <Button small onClick={() => remedy && mend(problem, remedy)}>
        {t("problems.use")}
      </Button>
    </div>
  );
}

/** Why a node failed: its sentence, and what a report needs behind it. */
export function FailureRow({ id }: { readonly id: string }) {
  const { t } = useTranslation("live");
  const error = useRun((s) => s.nodes[id]?.error ?? "");
  const exception = useRun((s) => s.nodes[id]?.exception);
  const job = useRun((s) => s.job);
  const details = [error, exception, t("problems.node", { id }), t("problems.job", { id: job ?? "" })].filter(Boolean);
  const copy = () => void navigator.clipboard?.writeText(details.join("\n"));
  return (
    <article className={css["row"]} data-severity="error">
      <CircleAlert size={15} aria-hidden className={css["mark"]} />
      <div className={css["body"]}>
        <Place id={id} />
        <p className={css["text"]}>{error}</p>
        <details className={css["details"]}>
          <summary>{t("problems.details")}</summary>
          <pre>{details.join("\n")}</pre>
          <IconButton icon={Copy} small label={t("problems.copy")} onClick={copy} />
        </details>
      </div>
    </article>
  );
}
