import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { allCommands } from "~/commands/registry";
import type { InputDef } from "~/core/types";
import { panels } from "~/shell/slots";
import { useUi } from "~/stores/ui";
import { registerWidgets, widgetFor } from "~/widgets/registry";
import { gather } from "./editor";
import { loadPacks } from "./load";
import { Mounted } from "./Mounted";
import { isOn, setPack, usePacks } from "./state";
import type { PackEditor } from "./types";

const asking = (name: string): InputDef => ({ type: "INT", required: true, help: "", widget: { name } });
const on = (name: string) => setPack(name, { name, nodes: 1, state: "on", editor: true });
const listed = (name: string) => ({ name, address: name, nodes: ["A"], editor: `/extensions/${name}/editor.js` });

function serverHas(...names: string[]): void {
  const answer = { packs: names.map(listed), failures: [{ name: "lost", reason: "it has no nodes" }] };
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify(answer)));
}

beforeEach(() => {
  usePacks.setState({ packs: {} });
  useUi.setState({ toasts: [] });
});
afterEach(() => vi.unstubAllGlobals());

test("what a pack registers counts once its function has ended, and under its own name", async () => {
  serverHas("good");
  await loadPacks(async () => ({
    default: (editor: PackEditor) => {
      editor.registerTexts({ en: { greet: "Greet {{who}}" }, vi: { greet: "Chào {{who}}" } });
      editor.registerCommands([{ id: "greet", title: "greet", run: () => undefined }]);
      editor.registerPanel({ id: "side", title: "greet", mount: () => undefined });
      editor.registerWidget({ name: "good.dial", mount: () => undefined });
      expect(widgetFor(asking("good.dial"), "x", "T")).toBeUndefined();
    },
  }));
  expect(widgetFor(asking("good.dial"), "x", "T")?.name).toBe("pack.good.good.dial");
  expect(widgetFor(asking("other"), "x", "T")).toBeUndefined();
  expect(allCommands().some((c) => c.id === "pack.good.greet" && c.title === "pack.good:greet")).toBe(true);
  expect(panels.find((p) => p.id === "pack.good.side")?.side).toBe("left");
  expect(gather("good").editor.text("greet", { who: "Bạn" })).toBe("Greet Bạn");
});

test("a pack that throws leaves nothing behind, is named, and the others start", async () => {
  serverHas("bad", "fine", "empty");
  await loadPacks(async (url) => {
    if (url.includes("empty")) return {};
    return {
      default: async (editor: PackEditor) => {
        editor.registerWidget({ name: `${url} widget`, fits: (input) => input.name === url, mount: () => undefined });
        await Promise.resolve();
        if (url.includes("bad")) throw new Error("no luck");
      },
    };
  });
  const { packs } = usePacks.getState();
  expect(packs["bad"]).toMatchObject({ state: "off", why: "no luck" });
  expect(packs["fine"]?.state).toBe("on");
  expect(packs["empty"]?.why).toMatch(/exports no function/);
  expect(packs["lost!"]).toMatchObject({ state: "server", why: "it has no nodes" });
  expect(widgetFor(asking("-"), "/extensions/bad/editor.js", "T")).toBeUndefined();
  expect(widgetFor(asking("-"), "/extensions/fine/editor.js", "T")).toBeDefined();
  expect(
    useUi.getState().toasts.map((toast) => (typeof toast.text === "string" ? "" : toast.text.args?.["name"])),
  ).toEqual(expect.arrayContaining(["bad", "empty"]));
});

test("a pack that never ends does not keep the editor from starting", async () => {
  vi.useFakeTimers();
  serverHas("slow");
  let late: PackEditor | undefined;
  const done = loadPacks(async () => ({
    default: (editor: PackEditor) => {
      late = editor;
      return new Promise(() => undefined);
    },
  }));
  await vi.runAllTimersAsync();
  await done;
  vi.useRealTimers();
  expect(usePacks.getState().packs["slow"]?.state).toBe("off");
  expect(() => late?.registerCommands([])).toThrow(/while its function runs/);
});

test("without a server there are no packs, and the editor starts", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("unreachable")));
  await loadPacks();
  expect(usePacks.getState().packs).toEqual({});
});

test("what a pack is given is frozen", () => {
  const { editor } = gather("frozen");
  expect(Object.isFrozen(editor) && Object.isFrozen(editor.graph) && Object.isFrozen(editor.api)).toBe(true);
});

test("an element is mounted once, updated, and let go", () => {
  on("p");
  const seen: string[] = [];
  const mount = (element: HTMLElement, { n }: { n: number }) => {
    element.append("made ");
    seen.push(`mount ${n}`);
    return {
      update: (next: { n: number }) => void seen.push(`update ${next.n}`),
      destroy: () => void seen.push("gone"),
    };
  };
  const { rerender, unmount } = render(<Mounted pack="p" mount={mount} props={{ n: 1 }} />);
  rerender(<Mounted pack="p" mount={mount} props={{ n: 2 }} />);
  expect(screen.getByText("made")).toBeTruthy();
  unmount();
  expect(seen).toEqual(["mount 1", "update 1", "update 2", "gone"]);
});

test("a widget that throws gives way to the one that would have been there", async () => {
  on("p");
  registerWidgets([{ name: "plain", fits: (def) => def.widget?.name === "w", component: () => <i>plain</i> }]);
  const gathering = gather("p");
  gathering.editor.registerWidget({
    name: "w",
    mount: () => {
      throw new Error("in mount");
    },
  });
  gathering.commit();
  const def = asking("w");
  const Kind = widgetFor(def, "x", "T")?.component;
  expect(Kind).toBeDefined();
  if (!Kind) return;
  await act(async () => {
    render(<Kind node="1" name="x" def={def} value={1} disabled={false} label="X" change={() => undefined} />);
  });
  expect(screen.getByText("plain")).toBeTruthy();
  expect(isOn("p")).toBe(false);
});
