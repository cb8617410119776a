import { CircleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { problemText } from "~/i18n/problems";
import type { Problem } from "~/stores/run";
import { Popover } from "~/ui/Popover";
import { Mends } from "./Mends";
import css from "./TroubleMark.module.css";

interface Props {
  readonly problems: readonly Problem[];
  readonly className?: string | undefined;
}

/** The mark at an input where something is wrong; a press tells what, with the mends as buttons. */
export function TroubleMark({ problems, className }: Props) {
  const { t } = useTranslation("live");
  const [anchor, setAnchor] = useState<Element | null>(null);
  const text = problems.map(problemText).join(" ");
  return (
    <>
      <button
        type="button"
        className={`${css["mark"]} ${className ?? ""} nodrag nopan`}
        aria-label={t("problems.at", { text })}
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        onClick={(event) => {
          event.stopPropagation();
          setAnchor(anchor ? null : event.currentTarget);
        }}
      >
        <CircleAlert size={14} aria-hidden />
      </button>
      {anchor && (
        <Popover anchor={anchor} label={t("problems.title")} className={css["box"]} close={() => setAnchor(null)}>
          {problems.map((problem) => (
            <div key={problem.code + problem.message} className={css["problem"]}>
              <p>{problemText(problem)}</p>
              <Mends problem={problem} />
            </div>
          ))}
        </Popover>
      )}
    </>
  );
}
