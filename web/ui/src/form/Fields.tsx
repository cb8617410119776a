import { useTranslation } from "react-i18next";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { Field } from "./Field";
import { nameOf, type Section, sectionsOf } from "./items";
import css from "./Form.module.css";
import type { FormItem } from "~/core/types";

/** All entries, under their nodes' names. */
export function Fields({ items }: { readonly items: readonly FormItem[] }) {
  return sectionsOf(items).map((section) => (
    <NodeFields key={`${section.node} ${section.items[0]?.input}`} section={section} />
  ));
}

/** A node with one entry needs one name alone. */
function NodeFields({ section: { node, items } }: { readonly section: Section }) {
  useTranslation("nodes"); // names follow the language
  const registry = useServer((s) => s.registry);
  const name = useDoc((s) => nameOf(s.doc, registry, node));
  const [only, ...more] = items;
  if (only && !more.length) return <Field item={only} title={only.label ?? name} />;
  return (
    <fieldset className={css["section"]}>
      <legend className={css["legend"]}>{name}</legend>
      <div className={css["grid"]}>
        {items.map((item) => (
          <Field key={item.input} item={item} />
        ))}
      </div>
    </fieldset>
  );
}
