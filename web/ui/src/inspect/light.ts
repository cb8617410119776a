/** From a word to its heat on the run's pictures, and from a spot of a picture to the words that it read. */

import { flattened } from "~/core/flat";
import { type Lit as LitWord, litWords, placedTokens, wordOf } from "~/core/words";
import { onEnded } from "~/live/state";
import { shotUrl, wordsAt } from "~/recording/client";
import { promptOf, recordingOf } from "~/recording/load";
import type { Run } from "~/recording/schema";
import { useDoc } from "~/stores/doc";
import { DARK, type LitStep, type Read, useLight } from "~/stores/light";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { frontTab, useTabs } from "~/stores/tabs";
import { ownNames, picturesOf, promptsOf, type ReadPrompt } from "./watched";

/** Pixels of the longest side of a heat. */
const SIZE = 256;
/** Words of a spot that are told. */
const TOLD = 4;
/** Milliseconds without an edit before prompts and pictures are sought anew. */
const PAUSE = 300;

/** A prompt, and the run that read it. */
interface Reading extends ReadPrompt {
  readonly run: Run;
}

/** What is lit: a word or a spot. */
interface Beam {
  readonly run: Run;
  /** The watched sampler step that is shown. */
  readonly step: number;
  readonly word: { readonly prompt: string; readonly at: number } | null;
  readonly spot: { readonly picture: string; readonly x: number; readonly y: number } | null;
}

let runs: readonly Run[] = [];
let readings: readonly Reading[] = [];
let runOfPicture: Readonly<Record<string, Run>> = {};
let lit: Beam | null = null;
let question = 0;

const watchedSteps = (run: Run): readonly number[] => run.attention?.steps ?? [];
/** What is where is settled early in a run; later steps read each word for its details. */
const earlyStep = (run: Run): number => watchedSteps(run)[Math.floor(watchedSteps(run).length / 8)] ?? 0;
const stepFor = (run: Run): number => (lit?.run.key === run.key ? lit.step : earlyStep(run));

/** No word and no spot is lit any more. */
export function dark(): void {
  lit = null;
  question++;
  if (useLight.getState().at) useLight.setState({ ...DARK, at: null });
}

/** Light the word at a place of a prompt; once more on the same puts it out. Says whether there is one. */
export function lightWord(prompt: string, at: number): boolean {
  const reading = readings.find((one) => one.key === prompt);
  const word = reading && wordOf(reading.text, at, placedIn(reading));
  if (!reading || !word) {
    dark();
    return false;
  }
  const known = lit?.word && lit.word.prompt === prompt ? wordOf(reading.text, lit.word.at, placedIn(reading)) : null;
  if (known?.start === word.start) dark();
  else show({ run: reading.run, step: stepFor(reading.run), word: { prompt, at }, spot: null });
  return true;
}

/** Ask which words a spot of a picture read. */
export function lightSpot(picture: string, x: number, y: number): void {
  const run = runOfPicture[picture];
  if (run) show({ run, step: stepFor(run), word: null, spot: { picture, x, y } });
}

/** The next watched sampler step, or the one before. */
export function stepBy(by: number): void {
  if (!lit) return;
  const steps = watchedSteps(lit.run);
  const step = steps[Math.min(Math.max(0, steps.indexOf(lit.step) + by), steps.length - 1)];
  if (step !== undefined && step !== lit.step) show({ ...lit, step });
}

function show(next: Beam): void {
  lit = next;
  const { run, step } = next;
  const at = { step, total: run.total, steps: watchedSteps(run) };
  if (next.word) showWord(next, at);
  else void showSpot(next, at);
}

const placedIn = ({ run, branch, text }: Reading) => placedTokens(text, run.attention?.tokens[branch] ?? []);

function showWord({ run, step, word }: Beam, at: LitStep): void {
  question++;
  const reading = readings.find((one) => one.key === word?.prompt && one.run === run);
  const found = reading && wordOf(reading.text, word?.at ?? 0, placedIn(reading));
  if (!reading || !found) return dark();
  const { start, end, indexes } = found;
  const shot = { key: run.key, step, view: "attention", size: SIZE, branch: reading.branch } as const;
  const urls = indexes.map((token) => `${shotUrl({ ...shot, token })}&overlay=1`);
  const heat = { word: reading.text.slice(start, end), urls };
  const pictures = Object.keys(runOfPicture).filter((id) => runOfPicture[id] === run);
  useLight.setState({
    at,
    spot: {},
    words: { [reading.key]: [{ start, end, share: 1 }] },
    heat: Object.fromEntries(pictures.map((id) => [id, heat])),
  });
}

async function showSpot({ run, step, spot }: Beam, at: LitStep) {
  if (!spot) return;
  const mine = ++question;
  const { picture, x, y } = spot;
  const before = useLight.getState().spot[picture]?.words ?? null;
  useLight.setState({ at, heat: {}, spot: { [picture]: { x, y, words: before } } });
  const mineOf = readings.filter((one) => one.run === run);
  const branches = [...new Set(mineOf.map((one) => one.branch))];
  const answers = await Promise.all(branches.map((branch) => wordsAt(run.key, step, branch, { x, y }).catch(() => [])));
  if (mine !== question) return;
  const words: Record<string, readonly LitWord[]> = {};
  for (const reading of mineOf) {
    const read = answers[branches.indexOf(reading.branch)] ?? [];
    words[reading.key] = litWords(reading.text, placedIn(reading), new Map(read.map((w) => [w.index, w.weight])));
  }
  useLight.setState({ words, spot: { [picture]: { x, y, words: told(mineOf, words) } } });
}

/** The words that were read most, of the first prompt. */
function told(prompts: readonly Reading[], words: Readonly<Record<string, readonly LitWord[]>>): Read["words"] {
  const [reading] = prompts;
  if (!reading) return [];
  const all = words[reading.key] ?? [];
  const sum = all.reduce((s, one) => s + one.share, 0) || 1;
  return all
    .toSorted((a, b) => b.share - a.share)
    .slice(0, TOLD)
    .map(({ start, end, share }) => ({ text: reading.text.slice(start, end), share: share / sum }));
}

/** Which prompts and pictures of the document are those of the runs. */
function seek(): void {
  const { doc } = useDoc.getState();
  const { registry } = useServer.getState();
  const watched = runs.filter((run) => watchedSteps(run).length > 0);
  if (!watched.length) {
    readings = [];
    runOfPicture = {};
    dark();
    if (useLight.getState().prompts.size) useLight.setState({ prompts: new Set(), pictures: {} });
    return;
  }
  const flat = flattened(doc, registry);
  readings = watched.flatMap((run) => {
    const { tokens = {} } = run.attention ?? {};
    const branches = new Set(Object.keys(tokens).map((name) => promptOf(name).branch));
    return [...branches].flatMap((branch) =>
      ownNames(promptsOf(doc, registry, flat, run.node, branch), tokens).map((prompt) => ({ ...prompt, run })),
    );
  });
  const shown = picturesOf(
    flat,
    Object.keys(useRun.getState().shown),
    watched.map((run) => run.node),
  );
  runOfPicture = Object.fromEntries(
    Object.entries(shown).flatMap(([id, node]) => {
      const run = watched.find((one) => one.node === node);
      return run ? [[id, run] as const] : [];
    }),
  );
  useLight.setState({
    prompts: new Set(readings.map((one) => one.key)),
    pictures: Object.fromEntries(Object.entries(runOfPicture).map(([id, run]) => [id, [run.width, run.height]])),
  });
}

async function readRuns(): Promise<void> {
  const job = frontTab()?.job ?? null;
  const found = job === null ? null : await recordingOf(job).catch(() => null);
  if ((frontTab()?.job ?? null) !== job) return;
  runs = found?.runs ?? [];
  dark();
  seek();
}

/** Follow the front tab's job and document; returns how to end it. */
export function followLight(): () => void {
  let timer = 0;
  const later = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(seek, PAUSE);
  };
  const stops = [
    useTabs.subscribe((now, before) => {
      const job = now.tabs.find((tab) => tab.id === now.front)?.job;
      if (now.front !== before.front || job !== before.tabs.find((tab) => tab.id === before.front)?.job)
        void readRuns();
    }),
    onEnded(() => void readRuns()),
    useDoc.subscribe((now, before) => {
      if (now.doc === before.doc || !runs.length) return;
      dark();
      later();
    }),
    useServer.subscribe((now, before) => now.registry !== before.registry && runs.length && later()),
    useRun.subscribe((now, before) => now.shown !== before.shown && runs.length && later()),
    () => window.clearTimeout(timer),
  ];
  void readRuns();
  return () => {
    for (const stop of stops) stop();
  };
}
