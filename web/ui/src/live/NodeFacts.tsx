import { memo } from "react";
import { useTranslation } from "react-i18next";
import { useRun } from "~/stores/run";
import { useSettings } from "~/stores/settings";
import { tip } from "~/ui/Tooltip";
import { allFacts, bytesText, secondsText } from "./format";
import css from "./NodeFacts.module.css";

/** A line under a node: what it gives in figures; the time and memory it is likely to take, or took. */
export const NodeFacts = memo(function NodeFacts({ id }: { readonly id: string }) {
  const { t } = useTranslation("live");
  const wanted = useSettings((s) => s.facts);
  const facts = useRun((s) => s.foreseen[id]?.facts);
  const likely = useRun((s) => (s.foreseen[id]?.cached === true ? undefined : s.foreseen[id]?.seconds?.typical));
  const state = useRun((s) => s.nodes[id]?.state);
  const took = useRun((s) => s.nodes[id]?.seconds);
  const bytes = useRun((s) => s.nodes[id]?.bytes);
  if (!wanted) return null;
  const ran = state === "done" && took !== undefined;
  const known = facts ? allFacts(facts) : "";
  const foreseen = facts?.reduce((sum, f) => sum + (typeof f["bytes"] === "number" ? f["bytes"] : 0), 0) ?? 0;
  const memory = ran && bytes ? bytes : foreseen;
  const time = ran ? secondsText(took) : likely === undefined ? "" : t("facts.about", { time: secondsText(likely) });
  if (!known && !time && !memory) return null;
  return (
    <div className={css["facts"]}>
      {known && <span {...tip(t("facts.gives"))}>{known}</span>}
      {time && <span {...tip(t(ran ? "facts.took" : "facts.likely"))}>{time}</span>}
      {memory > 0 && <span {...tip(t(ran && bytes ? "facts.holds" : "facts.memory"))}>{bytesText(memory)}</span>}
    </div>
  );
});
