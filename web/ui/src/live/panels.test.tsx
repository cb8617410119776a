import { act, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Profiler } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import answersText from "~/api/recorded/answers.json?raw";
import { checked, queue } from "~/api/schema";
import { useDoc } from "~/stores/doc";
import { type NodeRun, useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { useUi } from "~/stores/ui";
import { useNodeBadges } from "./badges";
import { ForecastBadge } from "./ForecastBadge";
import { JobBar } from "./JobBar";
import { Lost } from "./Lost";
import { NodeFacts } from "./NodeFacts";
import { NodePreview } from "./NodePreview";
import { NodeResult } from "./NodeResult";
import { ProblemsPanel } from "./ProblemsPanel";
import { QueuePanel } from "./QueuePanel";
import { RunMenu } from "./RunMenu";
import { useLive } from "./state";
import { docOf, node, problemAt, registry } from "./testing";

const answers = JSON.parse(answersText) as Record<string, unknown>;

beforeEach(() => {
  useRun.setState(useRun.getInitialState(), true);
  useLive.setState(useLive.getInitialState(), true);
  useServer.setState({ registry, files: {}, connection: "open", ready: true, worker: true });
  useDoc
    .getState()
    .open(docOf({ "5": node("KSampler", { steps: 0 }, {}, { title: "Sampler" }), "7": node("SaveImage") }));
});

function Badge({ id }: { readonly id: string }) {
  return <span>{useNodeBadges(id).done}</span>;
}

const image = (n: number) => ({ filename: `a${n}.png`, subfolder: "", type: "output" });

const running = (done: number): Record<string, NodeRun> => ({
  "5": { state: "running", done, total: 20, rate: 4, preview: "blob:x" },
});

describe("#22 progress", () => {
  it("touches only the node that it is about", () => {
    const drawn: Record<string, number> = {};
    const count = (id: string) => void (drawn[id] = (drawn[id] ?? 0) + 1);
    const others: Record<string, NodeRun> = { "6": { state: "waiting" }, "7": { state: "waiting" } };
    useRun.setState({ nodes: { ...others, ...running(0) } });
    const badges = ["5", "6", "7"].map((id) => (
      <Profiler key={id} id={id} onRender={count}>
        <Badge id={id} />
      </Profiler>
    ));
    render(badges);
    for (let done = 1; done <= 20; done++)
      act(() => useRun.setState((s) => ({ nodes: { ...s.nodes, "5": { ...s.nodes["5"], state: "running", done } } })));
    expect(drawn).toEqual({ "5": 21, "6": 1, "7": 1 });
  });

  it("is told as steps, rate and time left under the preview", () => {
    useRun.setState({ nodes: running(12) });
    render(<NodePreview id="5" />);
    expect(screen.getByRole("img").getAttribute("src")).toBe("blob:x");
    expect(screen.getByText("12 / 20 · 4.0 it/s · 2.0 s left")).toBeTruthy();
  });

  it("fills the bar of the whole job, which goes when the job is over", () => {
    const current = { id: "j", started: 0, ended: null, error: null, warnings: [], left: null };
    useRun.setState({ current: { ...current, state: "running", progress: 0.25 } });
    const { rerender } = render(<JobBar />);
    expect(screen.getByRole<HTMLProgressElement>("progressbar").value).toBe(0.25);
    act(() => useRun.setState({ current: { ...current, state: "success", progress: 1 } }));
    rerender(<JobBar />);
    expect(screen.queryByRole("progressbar")).toBeNull();
  });
});

describe("what is known of a node", () => {
  const { steps, forecast } = checked.parse(answers["check"]);
  const foreseen = Object.fromEntries(
    steps.map(({ node: id, why, seconds, facts }) => [id, { cached: false, why, seconds, facts }]),
  );

  it("is its latent's shape, likely time and memory before the run, and the real ones after it", () => {
    useRun.setState({ foreseen });
    render(<NodeFacts id="5" />);
    expect(screen.getByText("4×16×16")).toBeTruthy();
    expect(screen.getByText("≈ 1.5 s")).toBeTruthy();
    expect(screen.getByText("4.1 kB")).toBeTruthy();
    act(() => useRun.setState({ nodes: { "5": { state: "done", seconds: 3.21, bytes: 5000 } } }));
    expect(screen.getByText("3.2 s")).toBeTruthy();
    expect(screen.getByText("5.0 kB")).toBeTruthy();
  });

  it("sums up to a forecast for the whole, which warns where memory is short", () => {
    const time = { ...forecast.time, typical: 4, low: 3, high: 6 };
    useRun.setState({ forecast: { ...forecast, time }, runs: true });
    const { container, rerender } = render(<ForecastBadge />);
    expect(container.textContent).toContain("≈ 4.0 s");
    expect(container.textContent).toContain("59 MB");
    const memory = { ...forecast.memory, fits: false, budget: 1e6 };
    act(() => useRun.setState({ forecast: { time, memory } }));
    rerender(<ForecastBadge />);
    expect(container.textContent).toContain("That is more than the 1.0 MB");
  });
});

describe("#23 problems", () => {
  const problem = problemAt(
    "5",
    "steps",
    { kind: "set", args: { value: 1 } },
    {
      code: "value_smaller_than_min",
      args: { value: 0, min: 1, type: "KSampler" },
    },
  );

  it("are listed with the way there and the mend", async () => {
    useRun.setState({ found: [problem], problems: { "5": [problem] } });
    render(<ProblemsPanel />);
    const row = screen.getByRole("listitem");
    await userEvent.click(within(row).getByRole("button", { name: /Sampler/ }));
    expect([...useUi.getState().selection]).toEqual(["5"]);
    const buttons = within(row).getAllByRole("button");
    fireEvent.click(buttons[buttons.length - 1] ?? row);
    expect(useDoc.getState().doc.root.nodes["5"]?.values["steps"]).toBe(1);
  });

  it("tell a failed node with its details", () => {
    useRun.setState({
      job: "j1",
      nodes: { "5": { state: "error", error: "No memory is left.", exception: "OutOfMemory" } },
    });
    render(<ProblemsPanel />);
    expect(screen.getByText("No memory is left.")).toBeTruthy();
    expect(screen.getByText(/OutOfMemory/).textContent).toContain("Job j1");
  });

  it("say so where there are none", () => {
    render(<ProblemsPanel />);
    expect(screen.getByText("All is well")).toBeTruthy();
  });
});

describe("#21 what a node made", () => {
  it("is a grid of its pictures; a press opens the viewer at that one", () => {
    useRun.setState({ shown: { "7": { images: [image(1), image(2), image(3)] } } });
    render(<NodeResult id="7" height={180} />);
    const tiles = screen.getAllByRole("button");
    expect(tiles).toHaveLength(3);
    fireEvent.click(tiles[1] ?? document.body);
    expect(useUi.getState().dialog).toMatchObject({ name: "viewer", args: { index: 1 } });
  });

  it("is its texts, as text", () => {
    useRun.setState({ shown: { "7": { text: ["<b>3</b>"] } } });
    render(<NodeResult id="7" height={180} />);
    expect(screen.getByRole<HTMLTextAreaElement>("textbox").value).toBe("<b>3</b>");
  });

  it("takes a picture out as its place and address", () => {
    useRun.setState({ shown: { "7": { images: [image(1)] } } });
    render(<NodeResult id="7" height={180} />);
    const told: Record<string, string> = {};
    const dataTransfer = { setData: (type: string, data: string) => void (told[type] = data) };
    fireEvent.dragStart(screen.getByRole("button"), { dataTransfer });
    expect(JSON.parse(told["application/x-inkwater-picture"] ?? "")).toEqual(image(1));
    expect(told["text/uri-list"]).toContain("/view?filename=a1.png");
  });
});

describe("#25 the queue", () => {
  it("asks the server for what its buttons say", async () => {
    const told = queue.parse(answers["queue"]);
    const row = { ...(answers["jobs"] as { jobs: object[] }).jobs[0], started: null, ended: null };
    const waiting = ["a", "b"].map((id) => ({ ...row, id, title: id, state: "queued" }));
    const answer = { ...told, queued: waiting };
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
      asked.push(`${init.method} ${url} ${typeof init.body === "string" ? init.body : ""}`.trim());
      return new Response(
        JSON.stringify(
          url.includes("/jobs?") ? { jobs: [], next: null } : url.includes("/jobs/") ? waiting[0] : answer,
        ),
      );
    });
    render(<QueuePanel />);
    const rows = await screen.findAllByRole("listitem");
    await userEvent.click(within(rows[1] ?? document.body).getByRole("button", { name: "To the front" }));
    await userEvent.click(within(rows[0] ?? document.body).getByRole("button", { name: "Hold back" }));
    await userEvent.click(within(rows[0] ?? document.body).getByRole("button", { name: "Cancel" }));
    expect(asked).toContain('POST /api/v1/jobs/b/move {"to":"front"}');
    expect(asked).toContain("POST /api/v1/jobs/a/hold");
    expect(asked).toContain("POST /api/v1/jobs/a/cancel");
    vi.unstubAllGlobals();
  });
});

it("says when the server is lost, and takes it back", () => {
  const { rerender } = render(<Lost />);
  expect(screen.queryByRole("alert")).toBeNull();
  act(() => useServer.setState({ connection: "lost" }));
  rerender(<Lost />);
  expect(screen.getByRole("alert").textContent).toContain("The server does not answer");
});

it("#22 keeps the count of runs within what makes sense", () => {
  render(<RunMenu anchor={document.body} close={() => {}} />);
  const field = screen.getByLabelText("Runs at each press");
  fireEvent.change(field, { target: { value: "4" } });
  expect(useLive.getState().batch).toBe(4);
  fireEvent.change(field, { target: { value: "100000" } });
  expect(useLive.getState().batch).toBe(100);
  fireEvent.change(field, { target: { value: "" } });
  expect(useLive.getState().batch).toBe(1);
});
