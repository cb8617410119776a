import { Check, Plus, Search } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { SocketDot } from "~/canvas/SocketDot";
import type { NodeType } from "~/core/types";
import { typeIn } from "~/core/validate";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { scopeOf, useUi } from "~/stores/ui";
import { Button } from "~/ui/Button";
import { cx } from "~/ui/cx";
import { Dialog } from "~/ui/Dialog";
import { connectEnds, reasonText } from "./actions";
import css from "./Connect.module.css";
import { openConnect, useConnecting, type Wish } from "./connecting";
import { type End, endsFor } from "./ends";
import { inName, nodeName, outName } from "./names";
import { say } from "./store";
import { folded } from "./tree";

/** Ends that are listed at once; the search finds the others. */
const MOST = 200;

const close = () => openConnect(null);

/** The dialog, while a socket waits for its other end. */
export function Connect() {
  const wish = useConnecting((s) => s.wish);
  return wish && <Choose wish={wish} />;
}

interface Option {
  readonly end: End;
  readonly node: string;
  readonly socket: string;
  readonly wire: string;
}

function optionsOf(wish: Wish): Option[] {
  const { doc } = useDoc.getState();
  const { registry } = useServer.getState();
  const { scope, from } = wish;
  return endsFor(doc, scope, registry, from).map((end) => {
    const type = typeIn(doc, scope, registry, end.node);
    const { output, input } = end.connection;
    const socket = type ? ("input" in from ? outName(type, output) : inName(type, input)) : "";
    return { end, node: nodeName(doc, registry, scope, end.node), socket, wire: wireOf(type, wish, end) };
  });
}

const wireOf = (type: NodeType | undefined, { from }: Wish, { connection }: End): string =>
  ("input" in from ? type?.outputs[connection.output]?.type : type?.inputs[connection.input]?.type) ?? "*";

function titleOf({ scope, from }: Wish): { node: string; socket: string } {
  const { doc } = useDoc.getState();
  const { registry } = useServer.getState();
  const type = typeIn(doc, scope, registry, from.node);
  const socket = type ? ("input" in from ? inName(type, from.input) : outName(type, from.output)) : "";
  return { node: nodeName(doc, registry, scope, from.node), socket };
}

/** A list of sockets: those that fit, then the others each with the reason why not. */
function Choose({ wish }: { readonly wish: Wish }) {
  const { t } = useTranslation("outline");
  const id = useId();
  const [sought, setSought] = useState("");
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []); // after the dialog, which would focus its first button
  const all = useMemo(() => optionsOf(wish), [wish]);
  const words = folded(sought).split(/\s+/).filter(Boolean);
  const options = all
    .filter((o) => words.every((w) => folded(`${o.node} ${o.socket} ${o.wire}`).includes(w)))
    .slice(0, MOST);
  const fits = options.filter((o) => !o.end.reason).length;
  const active = Math.min(at, options.length - 1);
  const choose = (option: Option | undefined) => {
    if (!option) return;
    if (option.end.reason) return say(reasonText(option.end.reason));
    close();
    connectEnds(wish.scope, option.end.connection);
  };
  const key = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + 8,
      PageUp: active - 8,
    };
    const next = steps[event.key];
    if (event.key === "Enter" && !event.nativeEvent.isComposing) choose(options[active]);
    else if (next === undefined) return;
    else setAt(Math.max(0, Math.min(next, options.length - 1)));
    event.preventDefault();
  };
  const title = t("input" in wish.from ? "connect.toInput" : "connect.toOutput", titleOf(wish));
  return (
    <Dialog title={title} size="small" close={close} footer={<NewNode wish={wish} />}>
      <div className={css["search"]}>
        <Search size={14} aria-hidden />
        <input
          ref={field}
          role="combobox"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={options.length ? `${id}-${active}` : undefined}
          aria-autocomplete="list"
          aria-label={t("connect.search")}
          placeholder={t("connect.search")}
          value={sought}
          onChange={(event) => {
            setSought(event.target.value);
            setAt(0);
          }}
          onKeyDown={key}
        />
      </div>
      {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- its options are drawn */}
      <div id={id} role="listbox" aria-label={title} className={css["list"]} tabIndex={-1}>
        {options.map((option, n) => (
          <OptionRow
            key={`${option.end.node} ${option.end.connection.output} ${option.end.connection.input}`}
            id={`${id}-${n}`}
            option={option}
            active={n === active}
            choose={() => choose(option)}
          />
        ))}
      </div>
      <output className={css["none"]}>{t(fits ? "connect.fits" : "connect.none", { count: fits })}</output>
    </Dialog>
  );
}

interface RowProps {
  readonly id: string;
  readonly option: Option;
  readonly active: boolean;
  choose(): void;
}

function OptionRow({ id, option, active, choose }: RowProps) {
  const { t } = useTranslation("outline");
  const { end, node, socket, wire } = option;
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the search box has the keys
    <div
      id={id}
      ref={(element) => void (active && element?.scrollIntoView?.({ block: "nearest" }))}
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a select cannot show reasons
      role="option"
      tabIndex={-1}
      aria-selected={active}
      aria-disabled={end.reason !== null || undefined}
      className={cx(css["option"], active && css["active"], end.reason && css["misfit"])}
      onClick={choose}
    >
      <SocketDot type={wire} />
      <span className={css["node"]}>{node}</span>
      <span className={css["socket"]}>{socket}</span>
      {end.current && (
        <span className={css["now"]}>
          <Check size={12} aria-hidden />
          {t("connect.now")}
        </span>
      )}
      {end.reason && <span className={css["reason"]}>{reasonText(end.reason)}</span>}
    </div>
  );
}

/** A new node for the socket, if the canvas shows its graph (it is put there). */
function NewNode({ wish }: { readonly wish: Wish }) {
  const { t } = useTranslation("outline");
  const here = useUi((s) => scopeOf(s.path) === wish.scope);
  if (!here) return null;
  const add = () => {
    openConnect(null);
    useUi.getState().openPalette({ from: wish.from });
  };
  return (
    <Button icon={Plus} onClick={add}>
      {t("connect.newNode")}
    </Button>
  );
}
