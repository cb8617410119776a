import { useTranslation } from "react-i18next";
import type { GraphNode } from "~/core/types";
import { nameId } from "./project";
import { useProblems, useStateText } from "./runState";

interface Props {
  readonly id: string;
  readonly full: string;
  readonly title: string;
  readonly node: GraphNode;
  readonly unknown: boolean;
}

/** The accessible name of a node: "KSampler, running 40 %". */
export function NodeName({ id, full, title, node, unknown }: Props) {
  const { t } = useTranslation("canvas");
  const state = useStateText(full);
  const errors = useProblems(full).length;
  const parts = [
    title,
    state,
    unknown ? t("state.unknown") : "",
    node.mode ? t(`mode.${node.mode}`) : "",
    node.collapsed ? t("state.collapsed") : "",
    node.pinned ? t("state.pinned") : "",
    errors ? t("state.problems", { count: errors }) : "",
  ];
  return (
    <span id={nameId(id)} className="visually-hidden">
      {parts.filter(Boolean).join(", ")}
    </span>
  );
}
