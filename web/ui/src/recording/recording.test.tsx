import { act, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { job as jobSchema, type Job } from "~/api/schema";
import { type JobRun, useRun } from "~/stores/run";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { shotUrl, withoutAlike } from "./client";
import { choose, useChoosing } from "./choose";
import { parted } from "./parted";
import { RecordChoice } from "./RecordChoice";
import answers from "./recorded.json";
import { RecordingPanel } from "./RecordingPanel";
import { comparison, recording } from "./schema";
import { attentionStep, chooseRun, stepBy, take, tokensOf, useRecording, viewsOf } from "./store";
import { Why } from "./Why";

const told = recording.parse(answers.recording);
const [first, second] = told.runs;
if (!first || !second) throw new Error("two runs are recorded");

const jobOf = (id: string, number: number): Job =>
  jobSchema.parse({
    id,
    number,
    state: "success",
    client: "",
    title: `Run ${number}`,
    created: 1,
    started: 1,
    ended: 2,
    interruptions: 0,
    error: null,
    progress: {},
  });

beforeEach(() => {
  useRecording.setState(useRecording.getInitialState(), true);
  useChoosing.setState({ first: null });
  useUi.getState().close();
  useSettings.getState().reset();
});

describe("going through a recording", () => {
  it("begins at the last sampler step, and stays within the run", () => {
    take(told);
    expect(useRecording.getState().frame).toBe(3);
    stepBy(1);
    expect(useRecording.getState().frame).toBe(3);
    stepBy(-10);
    expect(useRecording.getState().frame).toBe(0);
    chooseRun(1);
    expect(useRecording.getState().frame).toBe(0);
  });

  it("keeps its place when the same job is read again", () => {
    take(told);
    stepBy(-2);
    take({ ...told });
    expect(useRecording.getState().frame).toBe(1);
  });

  it("offers only what the run has", () => {
    expect(viewsOf(first)).toEqual(["x", "clean", "noise", "guidance", "attention"]);
    expect(viewsOf(second)).toEqual(["x", "clean", "noise"]);
    expect([0, 1, 2, 3].map((step) => attentionStep(first, step))).toEqual([1, 1, 1, 3]);
    expect(attentionStep(second, 0)).toBeUndefined();
    expect(tokensOf(first, "positive").map((token) => token.index)).toEqual([1, 2]);
  });

  it("asks for each picture by what is looked at", () => {
    const shot = { key: "k", step: 3, size: 512 };
    expect(shotUrl({ ...shot, view: "x", decoded: true, token: 2 })).toBe(
      "/api/v1/recordings/k/3/x?size=512&decoded=1",
    );
    expect(shotUrl({ ...shot, view: "attention", branch: "positive", token: 2 })).toBe(
      "/api/v1/recordings/k/3/attention?size=512&branch=positive&token=2",
    );
  });
});

describe("the panel", () => {
  it("is gone through by keys, and tells the step, its noise and its fingerprint", async () => {
    const user = userEvent.setup();
    take(told);
    render(<RecordingPanel />);
    const slider = screen.getByRole<HTMLInputElement>("slider", { name: "Sampler step" });
    expect(slider.getAttribute("aria-valuetext")).toBe("Sampler step 4 of 4, sigma 0.0292");
    fireEvent.change(slider, { target: { value: "1" } });
    expect(slider.getAttribute("aria-valuetext")).toBe("Sampler step 2 of 4, sigma 3.87");
    expect(screen.getByText("2 / 4")).toBeTruthy();
    expect(screen.getByText("6f7d6e64")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Next sampler step" }));
    expect(screen.getByText("3 / 4")).toBeTruthy();
    expect(screen.getByText("The recording of Refine was removed for newer ones.")).toBeTruthy();
  });

  it("goes through the pictures of a batch and the prompts that were combined", async () => {
    const user = userEvent.setup();
    const tokens = {
      positive: first.attention?.tokens["positive"] ?? [],
      "positive.2": [{ text: "cats</w>", index: 3 }],
    };
    take({ ...told, job: "two", runs: [{ ...first, pictures: 3, attention: { steps: [1], tokens } }] });
    render(<RecordingPanel />);
    await user.selectOptions(screen.getByLabelText("Which picture of the batch"), "Picture 3 of 3");
    await user.click(screen.getByRole("radio", { name: "Attention" }));
    await user.click(screen.getByRole("radio", { name: "Prompt 2" }));
    expect(screen.getByRole("button", { name: "cats" })).toBeTruthy();
    const { picture, branch } = useRecording.getState();
    expect(shotUrl({ key: "k", step: 1, size: 64, view: "attention", picture, branch })).toBe(
      "/api/v1/recordings/k/1/attention?size=64&picture=2&branch=positive.2",
    );
    act(() => chooseRun(0));
    expect(useRecording.getState().picture).toBe(0);
  });

  it("says where a run was cut short", () => {
    const frames = first.frames.slice(0, 2);
    take({ ...told, job: "cut", runs: [{ ...first, frames, partial: true }] });
    render(<RecordingPanel />);
    expect(screen.getByText("The run failed or was cancelled after 2 of 4 sampler steps.")).toBeTruthy();
    expect(screen.getByText("2 / 4")).toBeTruthy();
  });

  it("does not claim to record a run that cannot be recorded", () => {
    const warnings = [{ code: "recording_too_slow", message: "The disk is slower than the sampler.", telling: null }];
    const current = {
      id: "j",
      state: "running",
      started: 0,
      ended: null,
      error: null,
      warnings,
      left: null,
      progress: 0,
    };
    useSettings.getState().change({ record: "steps" });
    useRun.setState({ job: "j", current: current as JobRun });
    useRecording.setState({ known: { kind: "none" } });
    render(<RecordingPanel />);
    expect(screen.getByText("The disk is slower than the sampler.")).toBeTruthy();
    expect(screen.queryByText("It is being recorded")).toBeNull();
    useRun.setState({ job: null, current: null });
    useSettings.getState().change({ record: "off" });
  });

  it("plays to the end once", async () => {
    vi.useFakeTimers();
    take(told);
    render(<RecordingPanel />);
    act(() => screen.getByRole("button", { name: "Play" }).click());
    expect(screen.getByText("1 / 4")).toBeTruthy();
    await act(() => vi.advanceTimersByTimeAsync(5000));
    expect(screen.getByText("4 / 4")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Play" })).toBeTruthy();
    vi.useRealTimers();
  });

  it("shows a word's heat at the nearest sampler step that has one, and what a spot reads", async () => {
    const user = userEvent.setup();
    const asked = vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json(answers.words));
    take(told);
    act(() => stepBy(-1));
    render(<RecordingPanel />);
    await user.click(screen.getByRole("radio", { name: "Attention" }));
    expect(screen.getByText("Attention was not kept here: sampler step 2 is shown.")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "fox" }));
    expect(useRecording.getState().token).toBe(2);
    const spot = screen.getByRole("button", { name: /^Ask a spot/ });
    fireEvent.keyDown(spot, { key: "ArrowRight" });
    expect(await screen.findByText("This spot reads: fox 42% · a 5%")).toBeTruthy();
    expect(String(asked.mock.calls[0]?.[0])).toBe(
      `/api/v1/recordings/${first.key}/1/words?branch=positive&x=0.5625&y=0.5000`,
    );
    asked.mockRestore();
  });

  it("chooses among samplers, and says when nothing is recorded", async () => {
    const user = userEvent.setup();
    take(told);
    const { rerender } = render(<RecordingPanel />);
    await user.selectOptions(screen.getByLabelText("Which sampler"), "1");
    expect(screen.getByText("1 / 1")).toBeTruthy();
    expect(screen.queryByRole("radio", { name: "Guidance" })).toBeNull();
    act(() => useRecording.setState({ known: { kind: "none" } }));
    rerender(<RecordingPanel />);
    expect(screen.getByRole("button", { name: "Run and record" })).toBeTruthy();
    act(() => useRecording.setState({ known: { kind: "none", warnings: ["The disk is slower than the sampler."] } }));
    expect(screen.getByText("The disk is slower than the sampler.")).toBeTruthy();
  });
});

it("whether runs are recorded is chosen in the menu and kept", async () => {
  const user = userEvent.setup();
  render(<RecordChoice />);
  const group = screen.getByRole("group", { name: "Record runs" });
  expect(within(group).getByRole<HTMLInputElement>("radio", { name: "No" }).checked).toBe(true);
  await user.click(within(group).getByRole("radio", { name: "Steps + attention" }));
  expect(useSettings.getState().record).toBe("attention");
});

describe("why did it change", () => {
  const found = comparison.parse(answers.comparison);

  it("two jobs are chosen one after the other, the earlier one is before", () => {
    choose(jobOf("b", 2));
    choose(jobOf("b", 2));
    expect(useChoosing.getState().first).toBeNull();
    expect(useUi.getState().dialog).toBeNull();
    choose(jobOf("b", 2));
    choose(jobOf("a", 1));
    expect(useUi.getState().dialog).toMatchObject({ args: { before: { id: "a" }, after: { id: "b" } } });
  });

  it("tells words that a prompt has of its own", () => {
    expect(parted("a red fox, smiling", "a blue fox, smiling").filter((part) => part.own)).toEqual([
      { text: "red", own: true },
    ]);
    expect(parted("a fox", "a fox")).toEqual([{ text: "a fox", own: false }]);
    expect(parted("", "a")).toEqual([]);
    const text = "one two, three (four:1.2)";
    expect(
      parted(text, "two four")
        .map((part) => part.text)
        .join(""),
    ).toBe(text);
  });

  it("leaves out inputs that read the same", () => {
    expect(withoutAlike(found).parameters.map((one) => one.input)).toEqual(["text", "cfg"]);
    const alike = { ...found, parameters: found.parameters.slice(1, 2), added: [] };
    expect(withoutAlike(alike).same).toBe(true);
  });

  it("is told as a sentence, a table and pictures", async () => {
    const asked = vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json(answers.comparison));
    render(<Why args={{ before: jobOf("a", 1), after: jobOf("b", 2) }} close={() => {}} />);
    expect(await screen.findByText("Sampler is the first to differ, from its sampler step 7 on.")).toBeTruthy();
    expect(String(asked.mock.calls[0]?.[0])).toBe("/api/v1/jobs/a/compare/b");
    const rows = screen.getAllByRole("row").map((row) => row.textContent);
    expect(rows).toEqual([
      "NodeInputBeforeAfter",
      expect.stringMatching(/^Prompttexta red fox/),
      "Samplercfgnot set6.5",
    ]);
    expect([...document.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual(["red", "blue"]);
    expect(screen.getByText("Only in the later run: 1 node")).toBeTruthy();
    expect(screen.getByText("26.6 dB alike (PSNR)")).toBeTruthy();
    expect(screen.getByRole("img", { name: /^Where the two pictures differ/ }).getAttribute("src")).toBe(
      "/api/v1/jobs/a/compare/b/0",
    );
    asked.mockRestore();
  });
});
