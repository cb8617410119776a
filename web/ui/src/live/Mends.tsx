import { useState } from "react";
import { useTranslation } from "react-i18next";
import { mendText } from "~/i18n/problems";
import { useDoc } from "~/stores/doc";
import type { Problem } from "~/stores/run";
import { Button } from "~/ui/Button";
import { Select } from "~/ui/Select";
import { mend, remediesNow, type Remedy } from "./mend";
import css from "./ProblemsPanel.module.css";

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
