import { type KeyboardEvent, useMemo, useState } from "react";
import { embeddingAt, type Edit } from "~/core/prompt";
import { useModels } from "../combo/models";
import { type Choice, choiceOf, filtered } from "../combo/rows";

/** Names that are offered at once. */
const MOST = 50;

/** The name of an embedding that is being typed, and what it may become. */
export function useCompletion(text: string, caret: number | null, edit: (edit: Edit) => void) {
  const found = useMemo(() => (caret === null ? null : embeddingAt(text, caret)), [text, caret]);
  const models = useModels(found ? "embeddings" : undefined);
  const [marked, setMarked] = useState(0);
  /** Where it was left with Escape. */
  const [left, setLeft] = useState<number | null>(null);
  const start = found && found.start !== left ? found.start : null;
  const query = found?.query ?? "";
  const choices = useMemo(() => {
    if (start === null) return [];
    const all = [...models.keys()].map((name) => choiceOf(name, true));
    const fit = filtered(all, query).slice(0, MOST);
    return fit.length === 1 && nameOf(fit[0]) === query ? [] : fit;
  }, [start, query, models]);
  const at = Math.min(marked, choices.length - 1);

  const take = (choice: Choice | undefined) => {
    if (!found || !choice) return;
    const name = nameOf(choice);
    const end = found.start + name.length;
    edit({ text: text.slice(0, found.start) + name + text.slice(found.end), start: end, end });
    setLeft(found.start);
  };
  /** Says whether the key was one of the list's. */
  const onKey = (event: KeyboardEvent): boolean => {
    if (!choices.length || event.ctrlKey || event.metaKey) return false;
    if (event.key === "ArrowDown") setMarked((at + 1) % choices.length);
    else if (event.key === "ArrowUp") setMarked((at + choices.length - 1) % choices.length);
    else if (event.key === "Enter" || event.key === "Tab") take(choices[at]);
    else if (event.key === "Escape") setLeft(start);
    else return false;
    return true;
  };
  return {
    list: { choices, marked: at, mark: setMarked, take, close: () => setLeft(start) },
    /** Where the name begins, while names are offered. */
    start: choices.length ? start : null,
    onKey,
  };
}

/** As it is written in a prompt: with its folder, without its suffix. */
const nameOf = (choice: Choice | undefined) => (choice ? [choice.group, choice.name].filter(Boolean).join("/") : "");
