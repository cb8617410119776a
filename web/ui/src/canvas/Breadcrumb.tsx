import { ChevronRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import { labelOf } from "~/i18n/nodes";
import { graphOf, typeOf } from "~/core/document";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { type Step, scopeOf, useUi } from "~/stores/ui";
import styles from "./Breadcrumb.module.css";

/** Where in the subgraphs the canvas is, and the ways back; nothing at the top. */
export function Breadcrumb() {
  const { t } = useTranslation("canvas");
  const path = useUi((s) => s.path);
  const leave = useUi((s) => s.leave);
  if (!path.length) return null;
  return (
    <nav className={styles["crumbs"]} aria-label={t("breadcrumb.label")}>
      <button type="button" onClick={() => leave()}>
        {t("breadcrumb.top")}
      </button>
      {path.map((step, depth) => (
        <span key={`${step.instance} ${step.subgraph}`} className={styles["step"]}>
          <ChevronRight size={14} aria-hidden="true" />
          <Crumb path={path} depth={depth} />
        </span>
      ))}
    </nav>
  );
}

function Crumb({ path, depth }: { path: readonly Step[]; depth: number }) {
  const step = path[depth];
  const doc = useDoc((s) => s.doc);
  const registry = useServer((s) => s.registry);
  const leave = useUi((s) => s.leave);
  const instance = step && graphOf(doc, scopeOf(path.slice(0, depth))).nodes[step.instance];
  const name = instance ? (instance.title ?? labelOf(typeOf(doc, registry, instance))) : (step?.instance ?? "");
  const up = path.length - 1 - depth;
  if (up === 0) return <span aria-current="page">{name}</span>;
  return (
    <button type="button" onClick={() => leave(up)}>
      {name}
    </button>
  );
}
