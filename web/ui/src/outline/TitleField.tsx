import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { graphOf } from "~/core/document";
import { useDoc } from "~/stores/doc";
import { scopeOf, useUi } from "~/stores/ui";
import { TextField } from "~/ui/TextField";
import { rename } from "./actions";
import { nodeName } from "./names";
import { useServer } from "~/stores/server";
import type { Row } from "./tree";

/** The name of a node or a group; Enter or leaving the field keeps it, Escape does not. */
export function TitleField({ row }: { readonly row: Row }) {
  const { t } = useTranslation("outline");
  const registry = useServer((s) => s.registry);
  const readOnly = useUi((s) => s.readOnly);
  const scope = scopeOf(row.path);
  const title = useDoc((s) => {
    const graph = graphOf(s.doc, scope);
    return (row.kind === "group" ? graph.groups[row.id]?.title : graph.nodes[row.id]?.title) ?? "";
  });
  const usual = useDoc((s) => (row.kind === "node" ? nodeName(s.doc, registry, scope, row.id) : ""));
  const [typed, setTyped] = useState<string | null>(null);
  const keep = () => {
    if (typed !== null && typed.trim() !== title) rename(row, typed);
    setTyped(null);
  };
  const key = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") keep();
    else if (event.key === "Escape" && typed !== null) {
      event.stopPropagation();
      setTyped(null);
    }
  };
  return (
    <TextField
      label={t("title")}
      value={typed ?? title}
      placeholder={usual}
      readOnly={readOnly}
      change={setTyped}
      onBlur={keep}
      onKeyDown={key}
      data-field="title"
    />
  );
}
