import type { NodeProps } from "@xyflow/react";
import { type CSSProperties, memo } from "react";
import { useTranslation } from "react-i18next";
import { setGroup } from "~/core/edits/frames";
import { useUi } from "~/stores/ui";
import styles from "./GroupView.module.css";
import { Resizer } from "./Resizer";
import { Title } from "./Title";
import { cssColor } from "./colors";
import { change } from "./edit";
import type { GroupFlow } from "./flow";
import { partOf } from "./ids";
import { nameId } from "./project";

/** A titled frame. Only its title and its edge take the pointer: what is inside is reached through it. */
export const GroupView = memo(function GroupView({ id, data, selected }: NodeProps<GroupFlow>) {
  const { t } = useTranslation("canvas");
  const readOnly = useUi((s) => s.readOnly);
  const { id: key } = partOf(id);
  const { title, color } = data.group;
  const text = title || t("group.untitled");
  const save = (next: string) => change("title", (d, scope) => setGroup(d, scope, key, { title: next.trim() }));
  return (
    <section
      className={styles["group"]}
      data-selected={selected}
      style={{ "--pigment": cssColor(color) ?? "var(--pigment-slate)" } as CSSProperties}
    >
      <span id={nameId(id)} className="visually-hidden">
        {t("group.name", { title: text })}
      </span>
      <header className={styles["title"]}>
        <Title id={id} text={text} readOnly={readOnly} save={save} />
      </header>
      {!readOnly && <Resizer id={key} kind="group" />}
    </section>
  );
});
