import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { jobErrorText } from "~/i18n/problems";
import { picturesIn } from "~/live/shown";
import { spotOf } from "~/live/place";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { type Heard, saying } from "./announce";
import { nodeName } from "./names";
import { say, useOutline } from "./store";

type RunState = ReturnType<typeof useRun.getState>;

/** The name of a node by its full id. */
function nameOf(full: string): string {
  const { doc } = useDoc.getState();
  const spot = spotOf(doc, full);
  return spot ? nodeName(doc, useServer.getState().registry, spot.scope, spot.node) : full;
}

/** How many pictures the nodes of a job show; what instances sum up counts once. */
function picturesOf({ nodes }: RunState): number {
  const shown = Object.values(nodes).flatMap((run) => (run.shown ? picturesIn(run.shown) : []));
  return new Set(shown.map((p) => `${p.type} ${p.subfolder} ${p.filename}`)).size;
}

function heardOf(state: RunState): Heard {
  const { current, nodes } = state;
  const [id, run] = Object.entries(nodes).findLast(([, one]) => one.state === "running") ?? [];
  const failed = current?.error;
  return {
    job: current?.id ?? null,
    state: current?.state ?? null,
    running: id && run ? { name: nameOf(id), done: run.done ?? 0, total: run.total ?? 0 } : null,
    pictures: current?.state === "success" ? picturesOf(state) : 0,
    error: failed?.node ? { name: nameOf(failed.node), text: jobErrorText(failed) } : null,
  };
}

/** Milliseconds at least between two looks at a run, whose progress comes twenty times a second. */
const LOOK = 250;

/** What happens, for screen readers: politely, and seldom enough to be listened to. */
export function Announcer() {
  const { t } = useTranslation("outline");
  const said = useOutline((s) => s.said);
  const last = useRef(0);
  useEffect(() => {
    let before = heardOf(useRun.getState());
    let timer = 0;
    const look = () => {
      timer = 0;
      const after = heardOf(useRun.getState());
      const found = saying(before, after, Date.now() - last.current);
      before = after;
      if (!found) return;
      last.current = Date.now();
      say(t(`run.${found.key}`, { ...found.args }));
    };
    const stop = useRun.subscribe((now, old) => {
      if (now.current?.state !== old.current?.state || now.current?.id !== old.current?.id) look();
      else if (!timer) timer = window.setTimeout(look, LOOK);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [t]);
  return (
    <output className="visually-hidden" aria-live="polite" data-announcer>
      <span key={said.n}>{said.text}</span>
    </output>
  );
}
