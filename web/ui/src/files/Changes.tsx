import { GitCompareArrows, Minus, Pencil, Plus } from "lucide-react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { canvasApi } from "~/canvas/api";
import { typeOf } from "~/core/document";
import type { GraphDiff, InputState, NodeChange } from "~/core/diff";
import { inputLabel, labelOf } from "~/i18n/nodes";
import { useDiff } from "~/stores/diff";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { useTabs } from "~/stores/tabs";
import { scopeOf, useUi } from "~/stores/ui";
import { Button, type Icon } from "~/ui/Button";
import { cx } from "~/ui/cx";
import { Empty } from "~/ui/Empty";
import css from "./Changes.module.css";
import { endComparison } from "./compare";
import { wayTo } from "./wayTo";

/** The list of what differs, with a jump to each node. */
export function Changes() {
  const { t } = useTranslation("files");
  const against = useDiff((s) => s.against);
  const graphs = useDiff((s) => s.graphs);
  const front = useTabs((s) => s.front);
  if (!against || against.tab !== front)
    return (
      <Empty icon={GitCompareArrows} title={t("diff.idle")} text={t("diff.idleText")}>
        <Button onClick={() => useUi.getState().show("files.compare")}>{t("command.compare")}</Button>
      </Empty>
    );
  const count = (part: "added" | "removed" | "changed") => graphs.reduce((sum, graph) => sum + graph[part].length, 0);
  return (
    <div className={css["panel"]}>
      <header className={css["head"]}>
        <p className={css["against"]}>{t("diff.against", { name: against.name })}</p>
        <output className={css["counts"]}>
          {t("diff.counts", { added: count("added"), removed: count("removed"), changed: count("changed") })}
        </output>
        <Button small onClick={endComparison}>
          {t("diff.end")}
        </Button>
      </header>
      {!graphs.length && <Empty icon={GitCompareArrows} title={t("diff.same")} text={t("diff.sameText")} />}
      {graphs.map((graph) => (
        <section key={graph.scope ?? ""}>
          {graph.scope !== null && <h3 className={css["scope"]}>{graph.title || graph.scope}</h3>}
          <Part graph={graph} what="added" icon={Plus} />
          <Part graph={graph} what="changed" icon={Pencil} />
          <Part graph={graph} what="removed" icon={Minus} />
        </section>
      ))}
    </div>
  );
}

interface PartProps {
  readonly graph: GraphDiff;
  readonly what: "added" | "removed" | "changed";
  readonly icon: Icon;
}

function Part({ graph, what, icon: Mark }: PartProps) {
  const { t } = useTranslation("files");
  const rows = graph[what];
  if (!rows.length) return null;
  return (
    <>
      <h4 className={cx(css["part"], css[what])}>
        <Mark size={14} />
        {t(`diff.${what}`)}
      </h4>
      <ul className={css["list"]}>
        {rows.map((row) => (
          <li key={row.id} className={cx(css["row"], css[what])}>
            <Row graph={graph} row={row} gone={what === "removed"} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Row({ graph, row, gone }: { readonly graph: GraphDiff; readonly row: NodeChange; readonly gone: boolean }) {
  const { t } = useTranslation("files");
  const registry = useServer((s) => s.registry);
  const doc = useDoc((s) => s.doc);
  const type = typeOf(doc, registry, row.node);
  const title = row.node.title || labelOf(type);
  const name = <span className={css["node"]}>{title}</span>;
  return (
    <>
      {gone ? (
        name
      ) : (
        <button type="button" className={css["jump"]} onClick={() => jump(graph, row.id)}>
          {name}
        </button>
      )}
      {row.looks.map(({ what, before, after }) => (
        <Change key={what} name={t(`diff.look.${what}`)} before={before} after={after} />
      ))}
      {row.inputs.map(({ input, before, after }) => (
        <Change key={input} name={inputLabel(type, input)} before={shown(before, t)} after={shown(after, t)} />
      ))}
    </>
  );
}

function Change({ name, before, after }: { readonly name: string; readonly before: string; readonly after: string }) {
  const { t } = useTranslation("files");
  return (
    <dl className={css["change"]}>
      <dt>{name}</dt>
      <dd>
        <del>{before || t("diff.nothing")}</del>
        <ins>{after || t("diff.nothing")}</ins>
      </dd>
    </dl>
  );
}

type Say = TFunction<"files">;

const LONGEST = 400;

function shown(state: InputState, t: Say): string {
  if (state.kind === "nothing") return "";
  if (state.kind === "link") return t("diff.link", { node: state.node, output: state.output + 1 });
  const text = typeof state.value === "string" ? state.value : JSON.stringify(state.value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** Look at a node, inside the subgraph where it is. */
function jump(graph: GraphDiff, id: string): void {
  const { path, setPath, select } = useUi.getState();
  const way = scopeOf(path) === graph.scope ? path : wayTo(graph.scope);
  if (!way) return;
  if (way !== path) setPath(way);
  select([id]);
  requestAnimationFrame(() => canvasApi.center([id]));
}
