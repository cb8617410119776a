import { type CSSProperties, type KeyboardEvent, type MouseEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Spinner } from "~/ui/Spinner";
import { type Shot, shotUrl, wordsAt } from "./client";
import { percent } from "./figures";
import type { Run, Word } from "./schema";
import { attentionStep, type Spot, useRecording, type View, watchedBranches } from "./store";
import css from "./Stage.module.css";
import { useAhead, useShot } from "./useShot";
import { plainWord } from "./Words";

/** Pixels of a side of the large picture. */
const SIDE = 512;
/** Words that are told of a spot. */
const MOST = 5;

interface StageProps {
  readonly run: Run;
  readonly index: number;
  readonly view: View;
}

/** The sampler step in large. In the view of attention a spot can be asked what it reads, by mouse or arrow keys. */
export function Stage({ run, index, view }: StageProps) {
  const { t } = useTranslation("recording");
  const decoded = useRecording((s) => s.decoded) && (view === "x" || view === "clean");
  const token = useRecording((s) => s.token);
  const picture = useRecording((s) => s.picture);
  const branch = useBranch(run);
  const frame = run.frames[index];
  const step = (view === "attention" ? attentionStep(run, frame?.step ?? 0) : frame?.step) ?? 0;
  const shot: Omit<Shot, "step"> = {
    key: run.key,
    view,
    size: SIDE,
    ...(decoded && { decoded }),
    ...(picture > 0 && { picture }),
    ...(view === "attention" && { branch, ...(token !== null && { token }) }),
  };
  const { url, busy, failed } = useShot(shotUrl({ ...shot, step }));
  useAhead(run, index, shot);
  const alt = t(`view.${view}.alt`, { step: step + 1, total: run.total });
  const ratio = { "--ratio": run.width / run.height } as CSSProperties;
  const image = url ? <img src={url} alt={alt} draggable={false} data-stale={busy || undefined} /> : null;
  return (
    <div className={css["stage"]} style={ratio} aria-busy={busy}>
      {view === "attention" ? <Asked run={run}>{image}</Asked> : image}
      {busy && decoded && (
        <span className={css["busy"]}>
          <Spinner />
        </span>
      )}
      {failed && <p className={css["gone"]}>{t("stage.gone")}</p>}
    </div>
  );
}

/** The prompt that is looked at, of those that were watched. */
export function useBranch(run: Run): string {
  const branch = useRecording((s) => s.branch);
  const branches = watchedBranches(run);
  return branches.includes(branch) ? branch : (branches[0] ?? branch);
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const within = (value: number): number => Math.min(1, Math.max(0, value));

interface AskedProps {
  readonly run: Run;
  readonly children: React.ReactNode;
}

function Asked({ run, children }: AskedProps) {
  const { t } = useTranslation("recording");
  const spot = useRecording((s) => s.spot);
  const press = (event: MouseEvent<HTMLButtonElement>) => {
    // A press by keyboard has no place: the middle is asked.
    if (event.detail === 0) return ask(spot ?? { x: 0.5, y: 0.5 });
    const box = event.currentTarget.getBoundingClientRect();
    ask({ x: within((event.clientX - box.left) / box.width), y: within((event.clientY - box.top) / box.height) });
  };
  const key = (event: KeyboardEvent) => {
    const by = STEPS[event.key];
    if (!by) return;
    event.preventDefault();
    const from = spot ?? { x: 0.5, y: 0.5 };
    ask({ x: within(from.x + by[0] / run.width), y: within(from.y + by[1] / run.height) });
  };
  return (
    <button type="button" className={css["ask"]} aria-label={t("words.ask")} onClick={press} onKeyDown={key}>
      {children}
      {spot && <span className={css["spot"]} style={{ left: `${spot.x * 100}%`, top: `${spot.y * 100}%` }} />}
    </button>
  );
}

const ask = (spot: Spot): void => useRecording.setState({ spot });

/** What the spot that was asked reads. */
export function Read({ run, index }: Omit<StageProps, "view">) {
  const { t } = useTranslation("recording");
  const spot = useRecording((s) => s.spot);
  const picture = useRecording((s) => s.picture);
  const branch = useBranch(run);
  const step = attentionStep(run, run.frames[index]?.step ?? 0) ?? 0;
  const words = useWords({ key: run.key, step, branch, spot, picture });
  const told = words.map((word) => `${plainWord(word.text)} ${percent(word.weight)}`).join(" · ");
  return <output className={css["read"]}>{told && t("words.read", { words: told })}</output>;
}

interface Answer {
  readonly question: string;
  readonly words: readonly Word[];
}

const NONE: Answer = { question: "", words: [] };

interface Question {
  readonly key: string;
  readonly step: number;
  readonly branch: string;
  readonly spot: Spot | null;
  readonly picture: number;
}

/** What a spot reads; nothing until it is known. */
function useWords({ key, step, branch, spot, picture }: Question): readonly Word[] {
  const [answer, setAnswer] = useState(NONE);
  const question = spot ? JSON.stringify([key, step, branch, spot, picture]) : "";
  useEffect(() => {
    let gone = false;
    if (spot)
      wordsAt(key, step, branch, spot, picture).then(
        (found) => !gone && setAnswer({ question, words: found.slice(0, MOST) }),
        () => !gone && setAnswer(NONE),
      );
    return () => void (gone = true);
  }, [key, step, branch, spot, picture, question]);
  return answer.question === question ? answer.words : NONE.words;
}
