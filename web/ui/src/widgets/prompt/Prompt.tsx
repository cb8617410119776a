import { Flame } from "lucide-react";
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { runCommand } from "~/commands/registry";
import { type Edit, marks, NUDGE, reweighed } from "~/core/prompt";
import { useDoc } from "~/stores/doc";
import { promptKey, useLight } from "~/stores/light";
import { useServer } from "~/stores/server";
import { prefixOf, scopeOf, useUi } from "~/stores/ui";
import { cx } from "~/ui/cx";
import { undoKeys } from "../frame/undoKeys";
import { useMirror } from "../frame/useMirror";
import type { WidgetProps } from "../registry";
import { textOf } from "../text/Text";
import { Completion } from "./Completion";
import { encoderOf } from "./encoder";
import { Overlay } from "./Overlay";
import { Tokens } from "./Tokens";
import { useTokens } from "./tokens";
import { useCompletion } from "./useCompletion";
import css from "./Prompt.module.css";

/** Text of several lines. If a text encoder reads it, it is a prompt: weights and brackets in colour, Ctrl with arrows
 * changes a weight, and its tokens are counted. */
export function Prompt(props: WidgetProps) {
  const { def, name, node, value, disabled, label, describedBy, bare, change } = props;
  const { t } = useTranslation("widgets");
  const id = useId();
  const shown = useUi((s) => scopeOf(s.path));
  const scope = props.scope === undefined ? shown : props.scope;
  const registry = useServer((s) => s.registry);
  const prefix = useUi((s) => (props.scope === undefined ? prefixOf(s.path) : ""));
  const read = promptKey(prefix, node, name);
  const watched = useLight((s) => s.prompts.has(read));
  const lit = useLight((s) => s.words[read]);
  const clip = useDoc((s) => encoderOf(s.doc, registry, scope, node, name));
  const [text, type] = useMirror(textOf(value ?? def.default), change);
  const [caret, setCaret] = useState<number | null>(null);
  const [mark, setMark] = useState<HTMLSpanElement | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const overlay = useRef<HTMLDivElement>(null);
  const select = useRef<Edit | null>(null);
  // How many tokens an embedding stands for is in its file, which the tokenizer does not read.
  const countable = !disabled && marks(text).every((one) => one.kind !== "embedding");
  const counted = useTokens(text, countable ? clip : null);

  const edit = (made: Edit) => {
    select.current = made;
    type(made.text);
    setCaret(made.end);
  };
  useLayoutEffect(() => {
    const wanted = select.current;
    if (wanted?.text === text) box.current?.setSelectionRange(wanted.start, wanted.end);
    select.current = null;
    // Only where it may have scrolled: asking lays the whole page out, which a hundred boxes at once cannot pay.
    if (document.activeElement === box.current) follow();
  }, [text]);
  const completion = useCompletion(text, clip === null ? null : caret, edit);

  function follow(): void {
    if (box.current && overlay.current) overlay.current.scrollTop = box.current.scrollTop;
  }
  const look = () => {
    const at = box.current;
    setCaret(at && at.selectionStart === at.selectionEnd ? at.selectionStart : null);
  };
  /** Where in the picture was the word at the caret read? */
  const light = () => {
    const at = box.current;
    if (watched && at && at.selectionStart === at.selectionEnd)
      runCommand("inspect.word", { prompt: read, at: at.selectionStart });
  };
  const key = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing || undoKeys(event)) return;
    const field = event.currentTarget;
    const lights = watched && event.key === "Enter" && event.altKey && !event.ctrlKey && !event.metaKey;
    const by = { ArrowUp: NUDGE, ArrowDown: -NUDGE }[event.key];
    if (clip !== null && by !== undefined && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
      const made = reweighed(text, field.selectionStart, field.selectionEnd, by);
      if (made) edit(made);
    } else if (completion.onKey(event)) {
      // The list took it.
    } else if (lights) light();
    else if (event.key === "Escape" && lit) runCommand("inspect.dark");
    else if (event.key === "Escape") field.blur();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className={cx("nodrag nopan", caret !== null && "nowheel", css["prompt"], disabled && css["disabled"])}>
      {clip !== null && (
        <Overlay ref={overlay} text={text} caret={caret} markAt={completion.start} mark={setMark} lit={lit} />
      )}
      <textarea
        ref={box}
        aria-label={label}
        aria-describedby={
          cx(describedBy, counted && `${id}-tokens`, clip !== null && `${id}-keys`, watched && `${id}-watched`) ||
          undefined
        }
        aria-autocomplete={clip === null ? undefined : "list"}
        aria-activedescendant={completion.start === null ? undefined : `${id}-${completion.list.marked}`}
        disabled={disabled}
        placeholder={bare ? undefined : label}
        spellCheck={false}
        value={text}
        className={cx(css["text"], clip !== null && css["clear"])}
        onChange={(event) => {
          type(event.target.value);
          look();
        }}
        onScroll={follow}
        onSelect={look}
        onClick={light}
        onFocus={look}
        onBlur={() => setCaret(null)}
        onKeyDown={key}
      />
      {clip !== null && (
        <span id={`${id}-keys`} className="visually-hidden">
          {t("prompt.keys")}
        </span>
      )}
      {watched && (
        <span className={css["watched"]}>
          <Flame size={11} aria-hidden />
          <span id={`${id}-watched`}>
            {t("inspect:light.prompt")}
            <span className="visually-hidden">{t("inspect:light.keys")}</span>
          </span>
        </span>
      )}
      {counted && <Tokens id={`${id}-tokens`} counted={counted} />}
      {completion.start !== null && mark && <Completion anchor={mark} id={id} {...completion.list} />}
    </div>
  );
}
