import { ArrowLeft, ArrowRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { NodeId } from "~/core/types";
import { typeIn } from "~/core/validate";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { scopeOf, type Step } from "~/stores/ui";
import { inName, nodeName, outName } from "./names";
import css from "./Outline.module.css";
import { focusOn, setActive } from "./store";
import { keyOf } from "./tree";

type Props = { readonly path: readonly Step[]; readonly node: NodeId } & (
  | { readonly output: number; readonly input?: never }
  | { readonly input: string; readonly output?: never }
);

/** The other end of a link: "from KSampler: LATENT"; a press makes it the active row. */
export function Jump({ path, node, input, output }: Props) {
  const { t } = useTranslation("outline");
  const registry = useServer((s) => s.registry);
  const scope = scopeOf(path);
  const name = useDoc((s) => nodeName(s.doc, registry, scope, node));
  const socket = useDoc((s) => {
    const type = typeIn(s.doc, scope, registry, node);
    if (!type) return String(input ?? output);
    return input === undefined ? outName(type, output) : inName(type, input);
  });
  const go = () => {
    setActive(keyOf(path, "node", node));
    focusOn("tree");
  };
  const Mark = input === undefined ? ArrowLeft : ArrowRight;
  return (
    <button
      type="button"
      className={css["jump"]}
      onClick={go}
      aria-label={t(input === undefined ? "comesFrom" : "leadsTo", { name, socket })}
    >
      <Mark size={12} />
      <span className={css["name"]}>{name}</span>
      <span className={css["kind"]}>{socket}</span>
    </button>
  );
}
