import { ChevronLeft, ChevronRight, Clapperboard, GitBranch, Pause, Play, Undo2 } from "lucide-react";
import { useEffect, useId } from "react";
import { useTranslation } from "react-i18next";
import { runCommand } from "~/commands/registry";
import { toldText } from "~/i18n/problems";
import { useRun } from "~/stores/run";
import { useSettings } from "~/stores/settings";
import { useServer } from "~/stores/server";
import { useUi } from "~/stores/ui";
import { Button, IconButton } from "~/ui/Button";
import { Empty } from "~/ui/Empty";
import { Select } from "~/ui/Select";
import { Spinner } from "~/ui/Spinner";
import { Switch } from "~/ui/Switch";
import { branchHere } from "./branch";
import { complain } from "./complain";
import { figure } from "./figures";
import { nameOf } from "./names";
import { openRecording } from "./open";
import css from "./RecordingPanel.module.css";
import type { JobRecording, Run, Warnings } from "./schema";
import { Segments } from "./Segments";
import { Read, Stage } from "./Stage";
import { attentionStep, chooseRun, goToFrame, runOf, stepBy, useRecording, type View, viewsOf } from "./store";
import { Timeline } from "./Timeline";
import { Words } from "./Words";

/** What a sampler did, step by step: a picture, a slider over the sampler steps, and a way on from each. */
export function RecordingPanel() {
  const { t } = useTranslation("recording");
  const known = useRecording((s) => s.known);
  const run = useRecording(runOf);
  const chosen = useRecording((s) => s.chosen);
  if (known.kind === "reading") return <Reading />;
  if (known.kind === "failed") return <Empty icon={Clapperboard} title={t("failed")} text={known.text} />;
  if (known.kind === "none" || !run) return <None why={known.kind === "none" ? warningTexts(known) : []} />;
  return (
    <div className={css["panel"]}>
      {chosen !== null && (
        <Button small kind="quiet" icon={Undo2} onClick={() => openRecording(null)}>
          {t("back")}
        </Button>
      )}
      <Which recording={known.recording} />
      <Look run={run} />
      {warningTexts(known.recording).map((warning) => (
        <p key={warning} className={css["warning"]}>
          {warning}
        </p>
      ))}
    </div>
  );
}

/** Why something is not there, in the reader's language. */
const warningTexts = ({ warnings = [], tellings = [] }: Partial<Warnings>): string[] =>
  warnings.map((text, index) => toldText(tellings[index], text));

const Reading = () => (
  <div className={css["reading"]}>
    <Spinner />
  </div>
);

/** Nothing was recorded: the way to it, or why it could not be. */
function None({ why }: { readonly why: readonly string[] }) {
  const { t } = useTranslation("recording");
  const record = useSettings((s) => s.record);
  const running = useRun((s) => s.current?.state === "running" || s.current?.state === "queued");
  const amiss = useRun((s) => s.current?.warnings.find(({ code }) => code.startsWith("recording_")));
  const begin = () => {
    if (record === "off") useSettings.getState().change({ record: "steps" });
    runCommand("run.queue");
  };
  if (running && record !== "off")
    return amiss ? (
      <Empty icon={Clapperboard} title={t("none.title")} text={toldText(amiss.telling, amiss.message)} />
    ) : (
      <Empty icon={Clapperboard} title={t("running.title")} text={t("running.text")} />
    );
  return (
    <Empty icon={Clapperboard} title={t("none.title")} text={why.join(" ") || t("none.text")}>
      <Button kind="primary" small icon={Play} onClick={begin}>
        {t("none.run")}
      </Button>
    </Empty>
  );
}

/** Which of the job's runs: a job may have several samplers. */
function Which({ recording: { runs } }: { readonly recording: JobRecording }) {
  const { t } = useTranslation("recording");
  const run = useRecording((s) => s.run);
  const registry = useServer((s) => s.registry);
  const label = (one: Run) =>
    t("which", { node: nameOf(one, registry), sampler: one.sampler, count: one.frames.length });
  const only = runs[0];
  if (runs.length === 1 && only) return <p className={css["which"]}>{label(only)}</p>;
  return (
    <Select
      bare
      label={t("whichLabel")}
      value={String(run)}
      options={runs.map((one, n) => ({ value: String(n), label: label(one) }))}
      change={(value) => chooseRun(Number(value))}
    />
  );
}

function Look({ run }: { readonly run: Run }) {
  const { t } = useTranslation("recording");
  const index = useRecording((s) => Math.min(s.frame, run.frames.length - 1));
  const wanted = useRecording((s) => s.view);
  const views = viewsOf(run);
  const view = views.includes(wanted) ? wanted : "clean";
  const frame = run.frames[index];
  if (!frame) return null;
  return (
    <>
      <Segments
        bare
        label={t("viewLabel")}
        value={view}
        options={views.map((value: View) => ({ value, label: t(`view.${value}.title`) }))}
        change={(next) => useRecording.setState({ view: next })}
      />
      {run.pictures > 1 && <WhichPicture count={run.pictures} />}
      <figure className={css["figure"]}>
        <Stage run={run} index={index} view={view} />
        <figcaption>{t(`view.${view}.help`)}</figcaption>
        {view === "attention" && <Read run={run} index={index} />}
      </figure>
      {view === "attention" && <Words run={run} />}
      <Timeline run={run} index={index} view={view} />
      <Transport run={run} index={index} view={view} />
      {(view === "x" || view === "clean") && <Decode />}
      {run.partial && <p className={css["warning"]}>{t("partial", { count: run.frames.length, total: run.total })}</p>}
      <Branch run={run} index={index} />
    </>
  );
}

/** Which picture of a batch. */
function WhichPicture({ count }: { readonly count: number }) {
  const { t } = useTranslation("recording");
  const picture = useRecording((s) => s.picture);
  const options = Array.from({ length: count }, (_, n) => ({
    value: String(n),
    label: t("picture", { number: n + 1, count }),
  }));
  return <Select bare label={t("pictureLabel")} value={String(picture)} options={options} change={choosePicture} />;
}

const choosePicture = (value: string): void => useRecording.setState({ picture: Number(value), spot: null });

interface PlaceProps {
  readonly run: Run;
  readonly index: number;
}

function Transport({ run, index, view }: PlaceProps & { readonly view: View }) {
  const { t } = useTranslation("recording");
  const playing = useRecording((s) => s.playing);
  usePlaying(run);
  const frame = run.frames[index];
  if (!frame) return null;
  const kept = view === "attention" ? attentionStep(run, frame.step) : frame.step;
  const last = index === run.frames.length - 1;
  const play = () => {
    if (!playing && last) goToFrame(0);
    useRecording.setState({ playing: !playing });
  };
  return (
    <div className={css["transport"]}>
      <span className={css["buttons"]}>
        <IconButton
          icon={ChevronLeft}
          label={t("command.before")}
          keys=","
          disabled={!index}
          onClick={() => stepBy(-1)}
        />
        <IconButton icon={playing ? Pause : Play} label={t(playing ? "pause" : "play")} onClick={play} />
        <IconButton icon={ChevronRight} label={t("command.next")} keys="." disabled={last} onClick={() => stepBy(1)} />
      </span>
      <dl className={css["facts"]}>
        <div>
          <dt>{t("facts.step")}</dt>
          <dd>{t("facts.of", { step: frame.step + 1, total: run.total })}</dd>
        </div>
        <div>
          <dt>{t("facts.sigma")}</dt>
          <dd>{figure(frame.sigma)}</dd>
        </div>
        <div title={t("facts.fingerprintHelp", { fingerprint: frame.fingerprint })}>
          <dt>{t("facts.fingerprint")}</dt>
          <dd className={css["print"]}>{frame.fingerprint.slice(0, 8)}</dd>
        </div>
      </dl>
      {kept !== undefined && kept !== frame.step && (
        <p className={css["nearest"]}>{t("words.nearest", { step: kept + 1 })}</p>
      )}
    </div>
  );
}

/** Milliseconds of a whole film at the most, and of a frame at the least. */
const FILM = 4000;
const LEAST = 80;

function usePlaying(run: Run): void {
  const playing = useRecording((s) => s.playing);
  useEffect(() => {
    if (!playing) return undefined;
    const last = run.frames.length - 1;
    const timer = setInterval(
      () => {
        stepBy(1);
        if (useRecording.getState().frame >= last) useRecording.setState({ playing: false });
      },
      Math.max(LEAST, Math.min(250, FILM / run.frames.length)),
    );
    return () => clearInterval(timer);
  }, [playing, run]);
}

function Decode() {
  const { t } = useTranslation("recording");
  const decoded = useRecording((s) => s.decoded);
  const id = useId();
  return (
    <div className={css["decode"]}>
      <label htmlFor={id}>{t("decode.title")}</label>
      <Switch id={id} on={decoded} change={(on) => useRecording.setState({ decoded: on })} />
    </div>
  );
}

function Branch({ run, index }: PlaceProps) {
  const { t } = useTranslation("recording");
  const locked = useUi((s) => s.readOnly);
  const step = (run.frames[index]?.step ?? 0) + 1;
  const id = useId();
  return (
    <div className={css["branch"]}>
      <Button
        kind="primary"
        icon={GitBranch}
        disabled={locked}
        aria-describedby={id}
        onClick={() => void branchHere().catch(complain)}
      >
        {t("command.branch")}
      </Button>
      <p id={id}>{t("branch.help", { step, index: step - 1 })}</p>
    </div>
  );
}
