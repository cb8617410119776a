import { Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { graphOf } from "~/core/document";
import { hasWidget } from "~/core/names";
import { typeIn } from "~/core/validate";
import { ordered } from "~/core/walk";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { MenuButton } from "~/ui/MenuButton";
import type { MenuEntry } from "~/ui/Menu";
import { editForm, isInForm } from "./edits";
import { inputName, nameOf } from "./items";

/** Every node with inputs that are typed in and that the form does not have yet, in running order. */
function entries(): MenuEntry[] {
  const { doc } = useDoc.getState();
  const { registry } = useServer.getState();
  const graph = graphOf(doc, null);
  return ordered(graph).flatMap((node): MenuEntry[] => {
    const inputs = Object.entries(typeIn(doc, null, registry, node)?.inputs ?? {});
    const free = inputs.filter(
      ([name, def]) => hasWidget(def) && !graph.nodes[node]?.links[name] && !isInForm(doc, node, name),
    );
    if (!free.length) return [];
    const items = free.map(([input]) => {
      const label = inputName(doc, registry, { node, input });
      return {
        id: input,
        label,
        run: () => void editForm("add", (form) => [...form, { node, input }], { name: label }),
      };
    });
    return [{ id: node, label: nameOf(doc, registry, node), items }];
  });
}

/** A menu of what may come into the form. */
export function AddField() {
  const { t } = useTranslation("form");
  return (
    <MenuButton label={t("addField")} icon={Plus} entries={entries}>
      {t("addField")}
    </MenuButton>
  );
}
