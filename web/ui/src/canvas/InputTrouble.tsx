import { problemText } from "~/i18n/problems";
import { TroubleMark } from "~/live/TroubleMark";
import styles from "./InputTrouble.module.css";
import { useProblems } from "./runState";

interface Props {
  readonly id: string;
  readonly full: string;
  readonly input: string;
  /** Canvas units from the node's upper edge. */
  readonly y: number;
}

/** What is wrong at an input: a mark left of its socket, and the sentence while the node is looked at. */
export function InputTrouble({ id, full, input, y }: Props) {
  const problems = useProblems(full).filter((p) => p.input === input);
  const first = problems.find((p) => p.severity === "error") ?? problems[0];
  if (!first) return null;
  return (
    <div className={styles["trouble"]} data-severity={first.severity} data-input={input} style={{ top: y }}>
      <span className={styles["text"]} id={id}>
        {problems.map(problemText).join(" ")}
      </span>
      <TroubleMark problems={problems} className={styles["mark"]} />
    </div>
  );
}
