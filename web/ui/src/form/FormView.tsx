import { Check, Pencil, RotateCcw, Workflow } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useDoc } from "~/stores/doc";
import { useUi } from "~/stores/ui";
import { Button, IconButton } from "~/ui/Button";
import { Empty } from "~/ui/Empty";
import { AddField } from "./AddField";
import { EditList } from "./EditList";
import { editForm } from "./edits";
import { Fields } from "./Fields";
import css from "./Form.module.css";
import { type Items, useItems } from "./items";
import { Result } from "./Result";
import { RunBar } from "./RunBar";
import { setEditing, showForm, useForm } from "./store";

/** Keys that change the graph, which is not seen here: with Mod, and all without it but Escape and "?". */
const GRAPH = /^[acvxdgmbe]$/i;

function keepFromGraph(event: KeyboardEvent): void {
  const mod = event.ctrlKey || event.metaKey;
  const toggles = mod && event.shiftKey && event.key.toLowerCase() === "a";
  const passes = mod ? !GRAPH.test(event.key) || toggles : event.key === "Escape" || event.key === "?";
  if (!passes) event.stopPropagation();
}

/** The form in place of the canvas, while it is wanted. */
export function FormLayer() {
  return useForm((s) => s.on) && <FormView />;
}

/** What lies beside it (the canvas, its tools) is out of reach while it is shown. */
function useAlone(root: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const own = root.current;
    own?.focus();
    const others = [...(own?.parentElement?.children ?? [])].filter((one) => one !== own && !one.hasAttribute("inert"));
    for (const one of others) one.setAttribute("inert", "");
    return () => {
      for (const one of others) one.removeAttribute("inert");
    };
  }, [root]);
}

/** The workflow as a form: what one changes from picture to picture, a button to run, and the picture. */
export function FormView() {
  const { t } = useTranslation("form");
  const root = useRef<HTMLElement>(null);
  const title = useDoc((s) => s.doc.title);
  const shown = useItems();
  const editing = useForm((s) => s.editing);
  useAlone(root);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- it only stops what rises
    <section ref={root} tabIndex={-1} aria-label={t("view")} className={css["view"]} onKeyDown={keepFromGraph}>
      <div className={css["side"]}>
        <header className={css["head"]}>
          <h2 className={css["title"]}>{title || t("view")}</h2>
          <Tools shown={shown} editing={editing} />
        </header>
        <div className={css["fields"]}>
          {shown.automatic && !editing && shown.items.length > 0 && <p className={css["hint"]}>{t("automatic")}</p>}
          <Content shown={shown} editing={editing} />
        </div>
        <RunBar />
      </div>
      <div className={css["result"]}>
        <Result />
      </div>
    </section>
  );
}

function Content({ shown, editing }: { readonly shown: Items; readonly editing: boolean }) {
  const { t } = useTranslation("form");
  const chosen = useDoc((s) => s.doc.form.length > 0);
  if (!editing && !shown.items.length) return <Empty icon={Pencil} title={t("empty.title")} text={t("empty.text")} />;
  if (!editing) return <Fields items={shown.items} />;
  return (
    <>
      <p className={css["hint"]}>{t("editHint")}</p>
      {!shown.automatic && <EditList items={shown.items} />}
      <div className={css["editTools"]}>
        <AddField />
        {chosen && (
          <Button kind="quiet" icon={RotateCcw} onClick={() => editForm("clear", () => [])}>
            {t("clear")}
          </Button>
        )}
      </div>
    </>
  );
}

function Tools({ shown, editing }: { readonly shown: Items; readonly editing: boolean }) {
  const { t } = useTranslation("form");
  const readOnly = useUi((s) => s.readOnly);
  const edit = () => {
    if (!editing && shown.automatic) editForm("make", () => shown.items);
    setEditing(!editing);
  };
  return (
    <div className={css["tools"]}>
      <IconButton
        icon={editing ? Check : Pencil}
        label={t(editing ? "done" : "edit.title")}
        pressed={editing}
        disabled={readOnly}
        onClick={edit}
      />
      <IconButton icon={Workflow} label={t("nodes")} onClick={() => showForm(false)} />
    </div>
  );
}
