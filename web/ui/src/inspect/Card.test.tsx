import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runCommand } from "~/commands/registry";
import { docOf, node, registry } from "~/live/testing";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { Card } from "./Card";
import "./commands";
import { Effects } from "./Effects";
import { close, useInspect } from "./store";

type Answer = { readonly status: number; readonly body: unknown };
let answers: Answer[] = [];
let asked: { readonly url: string; readonly body: Record<string, unknown> }[] = [];

const kept = (views: unknown[], more = {}) => ({
  status: 200,
  body: { state: "kept", type: "LATENT", volatile: false, stale: false, seconds: 0.5, views, ...more },
});
const missing = { status: 200, body: { state: "missing", type: "LATENT", volatile: false } };
const look = (output = 0, id = "5") => act(() => void runCommand("inspect.output", { node: id, output }));
const card = () => screen.findByRole("dialog");

beforeEach(() => {
  asked = [];
  answers = [missing];
  useServer.setState({ registry, ready: true, worker: true });
  useDoc.getState().open(docOf({ "1": node("CheckpointLoaderSimple"), "5": node("KSampler") }));
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    asked.push({ url, body: JSON.parse(String(init.body ?? "{}")) });
    const { status, body } = (answers.length > 1 ? answers.shift() : answers[0]) ?? missing;
    return new Response(JSON.stringify(body), { status });
  });
  render(
    <>
      <Effects />
      <Card />
    </>,
  );
});
afterEach(() => {
  act(close);
  vi.unstubAllGlobals();
});

test("what is kept is shown: pictures with their names, numbers by name, a curve in words, tokens, text", async () => {
  answers = [
    kept([
      {
        kind: "table",
        rows: [
          ["shape", "1×4×16×16"],
          ["mean", 0.25],
          ["bytes", 4096],
          ["a new word", "x"],
        ],
      },
      { kind: "picture", png: "iVBO", width: 64, height: 64, title: "0" },
      { kind: "picture", png: "iVBO", width: 64, height: 64, title: "1" },
      { kind: "curve", x: [0, 1, 2], y: [14, 3, 0], x_name: "steps", y_name: "sigmas" },
      { kind: "tokens", tokens: [{ id: 3240, text: "fox", weight: 1.2, chunk: 0 }] },
      { kind: "text", text: "as it is" },
      { kind: "hologram" },
    ]),
  ];
  look();
  const box = within(await card());
  expect((await box.findByRole("img", { name: "Channel 1" })).getAttribute("src")).toBe("data:image/png;base64,iVBO");
  expect(box.getByText("Mean").nextSibling?.textContent).toBe("0.25");
  expect(box.getByText("Size in memory").nextSibling?.textContent).toBe("4.1 kB");
  expect(box.getByText("a new word").nextSibling?.textContent).toBe("x");
  expect(box.getByRole("img", { name: /Noise \(sigma\) by Sampler step: 3 points, from 14 to 0/ })).toBeTruthy();
  expect(box.getByRole("listitem").textContent).toBe("fox3240×1.2");
  expect(box.getByText("as it is")).toBeTruthy();
  expect(asked[0]).toMatchObject({ url: "/api/v1/values", body: { node: "5", output: 0 } });
});

test("what is missing is made by a run up to the node alone", async () => {
  look();
  fireEvent.click(within(await card()).getByRole("button", { name: "Run up to here" }));
  await waitFor(() => expect(asked.map((one) => one.url)).toContain("/api/v1/jobs"));
  expect(asked.find((one) => one.url === "/api/v1/jobs")?.body["targets"]).toEqual(["5"]);
});

test("the keyboard stays in the card when what had it goes", async () => {
  look();
  const box = await card();
  const button = within(box).getByRole("button", { name: "Run up to here" });
  button.focus();
  answers = [kept([{ kind: "text", text: "made" }])];
  fireEvent.click(button);
  act(() => useRun.setState({ nodes: { "5": { state: "done" } } }));
  await within(box).findByText("made");
  await waitFor(() => expect(document.activeElement).toBe(box));
});

test("an old value says so, and an edit asks again", async () => {
  answers = [kept([{ kind: "text", text: "old" }], { stale: true })];
  look();
  expect(await within(await card()).findByText(/the workflow has changed since/)).toBeTruthy();
  answers = [kept([{ kind: "text", text: "new" }])];
  act(() =>
    useDoc.getState().edit({ key: "graph:edit.value" }, (d) => {
      const there = d.root.nodes["5"];
      if (there) there.values = { ...there.values, seed: 8 };
    }),
  );
  expect(await within(await card()).findByText("new")).toBeTruthy();
});

test("a refusal is one sentence, and a muted node says why there is nothing", async () => {
  answers = [{ status: 400, body: { error: { code: "x", message: "It cannot be told.", problems: [] } } }];
  look();
  expect(await within(await card()).findByText("It cannot be told.")).toBeTruthy();
  act(() =>
    useDoc.getState().edit({ key: "graph:edit.mute" }, (d) => {
      const there = d.root.nodes["5"];
      if (there) there.mode = "mute";
    }),
  );
  expect(await within(await card()).findByText(/the node is muted or bypassed/)).toBeTruthy();
});

test("several outputs have tabs; Escape closes and gives the keyboard back", async () => {
  const before = document.body.appendChild(document.createElement("button"));
  before.focus();
  look(0, "1");
  const box = await card();
  expect(document.activeElement).toBe(box);
  fireEvent.click(within(box).getByRole("tab", { name: "VAE" }));
  await waitFor(() => expect(asked.at(-1)?.body["output"]).toBe(2));
  fireEvent.keyDown(box, { key: "Escape" });
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(document.activeElement).toBe(before);
  before.remove();
});

test("once more on the same dot closes it, and it goes with its node", async () => {
  look();
  await card();
  act(() => void runCommand("inspect.output", { node: "5", output: 0, toggle: true }));
  expect(useInspect.getState().subject).toBeNull();
  look();
  await card();
  act(() => useDoc.getState().open(docOf({})));
  await waitFor(() => expect(useInspect.getState().subject).toBeNull());
});
