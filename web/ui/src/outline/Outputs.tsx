import { Eye, Link2, Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { SocketDot } from "~/canvas/SocketDot";
import { runCommand } from "~/commands/registry";
import type { Doc, NodeId, NodeType, Scope } from "~/core/types";
import { wiresOf } from "~/core/wires";
import { outputHelp } from "~/i18n/nodes";
import { useDoc } from "~/stores/doc";
import { scopeOf, useUi } from "~/stores/ui";
import { IconButton } from "~/ui/Button";
import { tip } from "~/ui/Tooltip";
import { openConnect } from "./connecting";
import { Jump } from "./Jump";
import { outName } from "./names";
import css from "./Outline.module.css";
import type { Row } from "./tree";

/** Who takes an output: "node/input" each, sorted; text, so that it compares by value. */
const takers = (doc: Doc, scope: Scope, node: NodeId, output: number): string =>
  JSON.stringify(
    [...wiresOf(doc, scope)].filter((c) => c.source === node && c.output === output).map((c) => [c.target, c.input]),
  );

/** All outputs of a node, and where each leads. */
export function Outputs({ row, type }: { readonly row: Row; readonly type: NodeType }) {
  const { t } = useTranslation("outline");
  if (!type.outputs.length) return null;
  return (
    <fieldset aria-label={t("outputs")}>
      <h4 className={css["part"]}>{t("outputs")}</h4>
      {type.outputs.map((output, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- an output is its index
        <Output key={index} row={row} type={type} index={index} wire={output.type} />
      ))}
    </fieldset>
  );
}

interface Props {
  readonly row: Row;
  readonly type: NodeType;
  readonly index: number;
  /** Its wire type. */
  readonly wire: string;
}

function Output({ row, type, index, wire }: Props) {
  const { t } = useTranslation("outline");
  const readOnly = useUi((s) => s.readOnly);
  const scope = scopeOf(row.path);
  const text = useDoc((s) => takers(s.doc, scope, row.id, index));
  const ends = JSON.parse(text) as [NodeId, string][];
  const label = outName(type, index);
  const from = { node: row.id, output: index };
  return (
    <fieldset className={css["input"]} aria-label={label}>
      <div className={css["line"]}>
        <SocketDot type={wire} />
        <span className={css["label"]} {...tip(outputHelp(type, index))}>
          {label}
        </span>
        <IconButton
          small
          icon={Eye}
          label={t("inspect:menu.valueOf", { name: label })}
          onClick={() => runCommand("inspect.output", { path: row.path, ...from })}
        />
        <IconButton
          small
          icon={Plus}
          label={t("addAfter", { name: label })}
          disabled={readOnly}
          onClick={() => useUi.getState().openPalette({ from })}
        />
        <IconButton
          small
          icon={Link2}
          label={t("connectOutput", { name: label })}
          disabled={readOnly}
          onClick={() => openConnect({ scope, from })}
        />
      </div>
      {ends.map(([node, input]) => (
        <p key={`${node}/${input}`} className={css["from"]}>
          <Jump path={row.path} node={node} input={input} />
        </p>
      ))}
    </fieldset>
  );
}
