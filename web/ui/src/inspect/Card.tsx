import { X } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { SocketDot } from "~/canvas/SocketDot";
import { socketLook } from "~/canvas/sockets";
import { graphOf } from "~/core/document";
import type { NodeType } from "~/core/types";
import { typeIn } from "~/core/validate";
import { labelOf, outputLabel } from "~/i18n/nodes";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { scopeOf } from "~/stores/ui";
import { IconButton } from "~/ui/Button";
import { Tabs } from "~/ui/Tabs";
import css from "./Card.module.css";
import { beginDrag } from "./drag";
import { close, show, type Subject, useInspect } from "./store";
import { useLaid } from "./useLaid";
import { Value } from "./Value";

/** The card, while an output is looked at. */
export function Card() {
  const subject = useInspect((s) => s.subject);
  return subject && <Known subject={subject} />;
}

/** Nothing once the node is gone. */
function Known({ subject }: { readonly subject: Subject }) {
  const registry = useServer((s) => s.registry);
  const scope = scopeOf(subject.path);
  const type = useDoc((s) => typeIn(s.doc, scope, registry, subject.node));
  const title = useDoc((s) => graphOf(s.doc, scope).nodes[subject.node]?.title);
  const there = type !== undefined && subject.output < type.outputs.length;
  useEffect(() => {
    if (!there) close();
  }, [there]);
  return there ? <Open subject={subject} type={type} title={title || labelOf(type)} /> : null;
}

const key = (event: KeyboardEvent) => {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  event.preventDefault();
  close();
};

interface Props {
  readonly subject: Subject;
  readonly type: NodeType;
  /** Of the node. */
  readonly title: string;
}

function Open({ subject, type, title }: Props) {
  const { t } = useTranslation("inspect");
  const card = useRef<HTMLDivElement>(null);
  const line = useRef<SVGPathElement>(null);
  useLaid({ card, line }, subject);
  useFocus(card);
  const wire = type.outputs[subject.output]?.type ?? "*";
  const name = outputLabel(type, subject.output);
  return (
    <>
      <svg className={css["tether"]} aria-hidden="true">
        <path ref={line} stroke={socketLook(wire).color} />
      </svg>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape closes it wherever the focus is inside */}
      <div
        ref={card}
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- no modal: the canvas stays in use beside it
        role="dialog"
        aria-label={t("title", { node: title, output: name })}
        tabIndex={-1}
        data-keys="inspect"
        className={css["card"]}
        style={{ borderTopColor: socketLook(wire).color }}
        onKeyDown={key}
      >
        <div className={css["header"]} onPointerDown={beginDrag}>
          <SocketDot type={wire} />
          <h2 className={css["title"]}>
            <span className={css["node"]}>{title}</span>
            <span className={css["output"]}>{name}</span>
          </h2>
          <IconButton small icon={X} label={t("close")} keys="Esc" onClick={close} />
        </div>
        <Outputs subject={subject} type={type} />
      </div>
    </>
  );
}

/** The value; of a node with several outputs with a tab for each. */
function Outputs({ subject, type }: Omit<Props, "title">) {
  const { t } = useTranslation("inspect");
  const body = <Value subject={subject} />;
  if (type.outputs.length < 2) return <div className={css["body"]}>{body}</div>;
  return (
    <Tabs
      label={t("outputs")}
      className={css["tabs"]}
      tabs={type.outputs.map((_, n) => ({ id: String(n), label: outputLabel(type, n) }))}
      chosen={String(subject.output)}
      choose={(id) => show({ ...subject, output: Number(id) })}
    >
      <div className={css["body"]}>{body}</div>
    </Tabs>
  );
}

/** It takes the keyboard when it is asked for, unless it has it; what had it gets it back. */
function useFocus(card: RefObject<HTMLElement | null>): void {
  const wish = useInspect((s) => s.focus);
  useEffect(() => {
    const before = document.activeElement;
    const element = card.current;
    return () => {
      const lost = !document.activeElement || document.activeElement === document.body;
      if (before instanceof HTMLElement && (lost || element?.contains(document.activeElement)))
        before.focus({ preventScroll: true });
    };
  }, [card]);
  const answer = useInspect((s) => s.answer);
  const had = useRef(false);
  useEffect(() => {
    // A button that was pressed is no more: the keyboard stays in the card.
    if (answer && had.current && document.activeElement === document.body) card.current?.focus({ preventScroll: true });
  }, [card, answer]);
  useEffect(() => {
    const look = () => (had.current = card.current?.contains(document.activeElement) ?? false);
    document.addEventListener("focusin", look);
    document.addEventListener("pointerdown", look);
    return () => {
      document.removeEventListener("focusin", look);
      document.removeEventListener("pointerdown", look);
    };
  }, [card]);
  useEffect(() => {
    if (wish && !card.current?.contains(document.activeElement)) card.current?.focus({ preventScroll: true });
  }, [card, wish]);
}
