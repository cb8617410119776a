import { Plus, X } from "lucide-react";
import { type PointerEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Bars } from "~/app/Bars";
import { commandOf, runCommand } from "~/commands/registry";
import { type Panel, panels } from "~/shell/slots";
import { useUi } from "~/stores/ui";
import { IconButton } from "~/ui/Button";
import { cx } from "~/ui/cx";
import { Part } from "./Part";
import css from "./Phone.module.css";

/** Parts of the height that a sheet takes, from its lowest to its full one. */
const LOW = 0.3;
const HALF = 0.55;
const FULL = 0.92;
const STOPS = [LOW, HALF, FULL];

/** Where a sheet comes to rest when it is let go at a height: closed below half of the lowest stop. */
export function stopOf(height: number): number | null {
  if (height < LOW / 2) return null;
  return STOPS.reduce((best, stop) => (Math.abs(stop - height) < Math.abs(best - height) ? stop : best), HALF);
}

/** The panels as icons below, where a thumb is, and the open one as a sheet above them. */
export function Phone() {
  const { t } = useTranslation("app");
  const open = useUi((s) => s.panels);
  const shown = panels.find((panel) => open[panel.side] === panel.id);
  return (
    <>
      {shown && <Sheet key={shown.id} panel={shown} />}
      <nav aria-label={t("panels")} className={css["bar"]}>
        <Bars place="status" />
        <AddButton />
        {panels.map((panel) => (
          <SheetButton key={panel.id} panel={panel} open={panel === shown} />
        ))}
      </nav>
    </>
  );
}

const CLOSED = { left: null, right: null, bottom: null };

/** Only one sheet is open at a time, whatever its side on a wide window. */
function show(panel: Panel, open: boolean) {
  useUi.setState({ panels: open ? CLOSED : { ...CLOSED, [panel.side]: panel.id } });
}

/** What a keyboard has keys for. */
function AddButton() {
  const { t } = useTranslation();
  const command = commandOf("palette.open");
  if (!command) return null;
  return (
    <button type="button" className={cx(css["button"], css["add"])} onClick={() => runCommand(command.id)}>
      <Plus size={20} />
      <span>{t(command.title)}</span>
    </button>
  );
}

function SheetButton({ panel, open }: { readonly panel: Panel; readonly open: boolean }) {
  const { t } = useTranslation();
  const { icon: Mark } = panel;
  return (
    <button
      type="button"
      aria-pressed={open}
      data-panel={panel.id}
      className={css["button"]}
      onClick={() => show(panel, open)}
    >
      <Mark size={20} />
      <span>{t(panel.title)}</span>
    </button>
  );
}

function Sheet({ panel }: { readonly panel: Panel }) {
  const { t } = useTranslation();
  const [height, setHeight] = useState(HALF);
  const from = useRef<{ y: number; height: number } | null>(null);
  const close = () => show(panel, true);
  const at = (event: PointerEvent) =>
    from.current ? from.current.height + (from.current.y - event.clientY) / window.innerHeight : height;
  const settle = (event: PointerEvent) => {
    if (!from.current) return;
    const moved = Math.abs(event.clientY - from.current.y) > 4;
    const stop = moved ? stopOf(at(event)) : height < FULL ? FULL : HALF;
    from.current = null;
    if (stop === null) close();
    else setHeight(stop);
  };
  const { component: Shown } = panel;
  return (
    <section className={css["sheet"]} style={{ height: `${height * 100}dvh` }} aria-labelledby={`panel-${panel.id}`}>
      <header className={css["head"]}>
        <button
          type="button"
          aria-label={t("app:sheet")}
          className={css["grip"]}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            from.current = { y: event.clientY, height };
          }}
          onPointerMove={(event) => from.current && setHeight(Math.min(FULL, Math.max(0.1, at(event))))}
          onPointerUp={settle}
          onKeyDown={(event) => event.key === "Enter" && setHeight(height < FULL ? FULL : HALF)}
        />
        <h2 id={`panel-${panel.id}`} className={css["title"]}>
          {t(panel.title)}
        </h2>
        <IconButton icon={X} label={t("app:hide")} onClick={close} />
      </header>
      <div className={cx(css["body"])} data-keys={panel.id}>
        <Part name={t(panel.title)}>
          <Shown />
        </Part>
      </div>
    </section>
  );
}
