import { CornerUpRight, EyeOff, Play, Split, Trash2 } from "lucide-react";
import { type FocusEvent, type KeyboardEvent, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { runCommand } from "~/commands/registry";
import { graphOf } from "~/core/document";
import { typeIn } from "~/core/validate";
import { helpOf } from "~/i18n/nodes";
import { mendText, problemText, runErrorText, whyText } from "~/i18n/problems";
import { useDoc } from "~/stores/doc";
import { type Problem, useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { scopeOf, useUi } from "~/stores/ui";
import { IconButton } from "~/ui/Button";
import { goTo, remove, selectIfHere, setNoteText, toggleMode } from "./actions";
import { Inputs } from "./Inputs";
import { rowName } from "./names";
import css from "./Outline.module.css";
import { Outputs } from "./Outputs";
import { focusOn, takesFocus, useOutline } from "./store";
import { TitleField } from "./TitleField";
import type { Row } from "./tree";

/** The part of the active row that the keyboard comes to with Enter. */
function useFocus() {
  const head = useRef<HTMLHeadingElement>(null);
  const wanted = useOutline((s) => s.focus);
  useEffect(() => {
    if (takesFocus(wanted, "details")) head.current?.focus();
  }, [wanted]);
  return head;
}

/** Escape leads back to the list; also out of a field that only lets go of the focus then. */
function useEscape() {
  const pressed = useRef(false);
  return {
    onKeyDownCapture: (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      pressed.current = true;
      setTimeout(() => void (pressed.current = false));
    },
    onBlur: (event: FocusEvent) => {
      if (pressed.current && !event.relatedTarget) focusOn("tree");
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.stopPropagation();
      focusOn("tree");
    },
  };
}

/** Everything of one node, group or note, as labelled controls. Escape goes back to the list. */
export function Details({ row }: { readonly row: Row }) {
  const { t } = useTranslation("outline");
  const head = useFocus();
  const escape = useEscape();
  const registry = useServer((s) => s.registry);
  const name = useDoc((s) => rowName(s.doc, registry, row));
  const scope = scopeOf(row.path);
  const there = useDoc((s) => row.id in graphOf(s.doc, scope).nodes);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape in any of its controls
    <section className={css["details"]} aria-label={t("details", { name })} {...escape}>
      <div className={css["head"]}>
        <h3 ref={head} tabIndex={-1} className={css["title"]}>
          {name}
        </h3>
        <Tools row={row} node={there} />
      </div>
      <div className={css["body"]}>
        {row.kind === "note" ? <NoteText row={row} /> : (there || row.kind === "group") && <TitleField row={row} />}
        {row.kind === "node" && <NodeDetails row={row} />}
      </div>
    </section>
  );
}

function Tools({ row, node }: { readonly row: Row; readonly node: boolean }) {
  const { t } = useTranslation("outline");
  const readOnly = useUi((s) => s.readOnly);
  const scope = scopeOf(row.path);
  const mode = useDoc((s) => graphOf(s.doc, scope).nodes[row.id]?.mode);
  const take = () => {
    remove(row);
    focusOn("tree");
  };
  const runHere = () => {
    selectIfHere(row);
    runCommand("run.here", [row.id]);
  };
  const set = (what: "mute" | "bypass") => () => toggleMode(row, what);
  return (
    <fieldset className={css["icons"]} aria-label={t("actions")}>
      <IconButton small icon={CornerUpRight} label={t("goTo")} onClick={() => goTo(row)} />
      {node && row.path.length === 0 && <IconButton small icon={Play} label={t("runHere")} onClick={runHere} />}
      {node && (
        <>
          <IconButton
            small
            icon={EyeOff}
            label={t("mode.mute")}
            pressed={mode === "mute"}
            disabled={readOnly}
            onClick={set("mute")}
          />
          <IconButton
            small
            icon={Split}
            label={t("mode.bypass")}
            pressed={mode === "bypass"}
            disabled={readOnly}
            onClick={set("bypass")}
          />
        </>
      )}
      {(node || row.kind !== "node") && (
        <IconButton small icon={Trash2} label={t("delete")} disabled={readOnly} onClick={take} />
      )}
    </fieldset>
  );
}

function NodeDetails({ row }: { readonly row: Row }) {
  const { t } = useTranslation("outline");
  const registry = useServer((s) => s.registry);
  const scope = scopeOf(row.path);
  const type = useDoc((s) => typeIn(s.doc, scope, registry, row.id));
  if (!type) return null;
  const help = helpOf(type);
  return (
    <>
      <Told row={row} />
      {type.unknown && <p className={css["warned"]}>{t("unknown", { type: type.name })}</p>}
      {help && <p className={css["help"]}>{help}</p>}
      <Inputs row={row} type={type} />
      <Outputs row={row} type={type} />
    </>
  );
}

/** How the last run went, why the next will run it, and what is wrong. */
function Told({ row }: { readonly row: Row }) {
  const { t } = useTranslation("outline");
  const run = useRun((s) => s.nodes[row.key]);
  const why = useRun((s) => s.foreseen[row.key]?.why);
  const problems = useRun((s) => s.problems[row.key]);
  const ofNode = problems?.filter((p) => p.input === null) ?? [];
  return (
    <>
      {run && (
        <p className={css["state"]} data-state={run.state}>
          {t(`state.${run.state}`)}
          {run.state === "running" && run.total ? ` · ${t("step", { done: run.done ?? 0, total: run.total })}` : ""}
        </p>
      )}
      {run?.error && <p className={css["bad"]}>{runErrorText(run)}</p>}
      {why && <p className={css["help"]}>{whyText(why)}</p>}
      <Problems problems={ofNode} />
    </>
  );
}

/** Problems of a node or an input, each with what mends it. */
export function Problems({ problems, id }: { readonly problems: readonly Problem[]; readonly id?: string }) {
  if (!problems.length) return null;
  return (
    <ul id={id} className={css["problems"]}>
      {problems.map((problem) => (
        <li key={`${problem.code} ${problem.input} ${problem.message}`} data-severity={problem.severity}>
          {problemText(problem)} <span className={css["mend"]}>{mendText(problem)}</span>
        </li>
      ))}
    </ul>
  );
}

function NoteText({ row }: { readonly row: Row }) {
  const { t } = useTranslation("outline");
  const readOnly = useUi((s) => s.readOnly);
  const text = useDoc((s) => graphOf(s.doc, scopeOf(row.path)).notes[row.id]?.text ?? "");
  return (
    <label className={css["field"]}>
      <span className={css["label"]}>{t("note")}</span>
      <textarea
        rows={8}
        value={text}
        readOnly={readOnly}
        className={css["text"]}
        onChange={(e) => setNoteText(row, e.target.value)}
      />
    </label>
  );
}
