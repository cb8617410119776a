import { CircleAlert, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { runCommand } from "~/commands/registry";
import { useRun } from "~/stores/run";
import { tip } from "~/ui/Tooltip";
import css from "./Bars.module.css";

/** How much is wrong, in the line at the bottom; a press goes to the list. */
export function ProblemCount() {
  const { t } = useTranslation("live");
  const errors = useRun((s) => s.found.filter((problem) => problem.severity === "error").length);
  const warnings = useRun((s) => s.found.length) - errors;
  if (!errors && !warnings) return null;
  return (
    <button
      type="button"
      className={css["problems"]}
      onClick={() => runCommand("panel.problems")}
      aria-label={t("problems.count", { errors, warnings })}
      {...tip(t("problems.title"))}
    >
      {errors > 0 && (
        <span data-severity="error">
          <CircleAlert size={13} aria-hidden />
          {errors}
        </span>
      )}
      {warnings > 0 && (
        <span data-severity="warning">
          <TriangleAlert size={13} aria-hidden />
          {warnings}
        </span>
      )}
    </button>
  );
}
