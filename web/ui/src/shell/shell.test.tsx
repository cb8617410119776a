import { act, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommand } from "~/commands/registry";
import i18next from "~/i18n";
import "~/shell";
import { Hints } from "~/shell/Hints";
import { goTo, HistoryPanel } from "~/shell/History";
import { setKeys, takeKeys } from "~/shell/keys/KeyRow";
import { KeyHelp } from "~/shell/keys/KeyHelp";
import { touched } from "~/shell/look";
import { mainMenu } from "~/shell/menus";
import { place } from "~/shell/palette/accept";
import { PAGES } from "~/shell/settings/rows";
import { SettingsDialog } from "~/shell/settings/SettingsDialog";
import { begin, known, nodes } from "~/shell/testkit";
import { UndoButtons } from "~/shell/UndoButtons";
import { useDoc } from "~/stores/doc";
import { settingsOf, useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";

beforeEach(begin);
afterEach(() => useSettings.getState().reset());

const patch = (path: string[]) => ({ op: "replace" as const, path, value: 1 });
const rows = () => [...document.querySelectorAll<HTMLElement>("[data-command]")].map((r) => r.dataset["command"]);

describe("#9 undo", () => {
  test("says what it undoes", async () => {
    render(<UndoButtons />);
    expect(screen.getByRole("button", { name: "Undo" }).hasAttribute("disabled")).toBe(true);
    act(() => void place(known("Decode"), [0, 0]));
    await userEvent.click(screen.getByRole("button", { name: "Undo: Add Decode" }));
    expect(screen.getByRole("button", { name: "Redo: Add Decode" })).toBeTruthy();
  });

  test("the history goes to any step and back", async () => {
    for (const name of ["Decode", "Sample", "LoadModel"]) place(known(name), [0, 0]);
    render(<HistoryPanel />);
    await userEvent.click(screen.getByRole("button", { name: /^Add Decode/ }));
    expect(Object.keys(nodes())).toHaveLength(2);
    expect(screen.getByRole("button", { current: "step" }).textContent).toContain("Add Decode");
    act(() => goTo(3));
    expect(Object.keys(nodes())).toHaveLength(4);
    act(() => goTo(0));
    expect(Object.keys(nodes())).toEqual(["1"]);
  });

  test("leaves a subgraph that it takes away", () => {
    useDoc.getState().edit({ key: "app:name" }, (d) => {
      d.subgraphs["s"] = {
        title: "S",
        nodes: {},
        groups: {},
        notes: {},
        inputs: [],
        widgets: [],
        outputs: [],
        meta: {},
      };
      d.root.nodes["9"] = { type: "subgraph:s", values: {}, links: {}, pos: [0, 0], meta: {} };
    });
    useUi.getState().enter({ instance: "9", subgraph: "s" });
    runCommand("edit.undo");
    expect(useUi.getState().path).toEqual([]);
  });

  test("knows the graph and the nodes of a step", () => {
    const patches = [patch(["root", "nodes", "3", "pos"]), patch(["root", "nodes", "4"])];
    expect(touched({ patches })).toEqual({ scope: null, nodes: ["3", "4"] });
    expect(touched({ patches: [patch(["subgraphs", "s", "nodes", "7", "values"])] })).toEqual({
      scope: "s",
      nodes: ["7"],
    });
    expect(touched({ patches: [patch(["title"])] })).toEqual({ scope: undefined, nodes: [] });
  });
});

describe("#18 keys", () => {
  test("are taken from the command that had them", () => {
    takeKeys("view.theme", "Mod+Z");
    expect(useSettings.getState().keys).toEqual({ "edit.undo": [], "view.theme": ["Mod+Z"] });
    setKeys("edit.undo", null);
    expect(useSettings.getState().keys).toEqual({ "view.theme": ["Mod+Z"] });
  });

  test("are recorded, and a clash is told before anything is taken", async () => {
    render(<KeyHelp close={() => {}} />);
    const row = document.querySelector<HTMLElement>('[data-command="view.theme"]') ?? expect.fail("no row");
    await userEvent.click(within(row).getByRole("button", { name: "Change the keys of “Next theme”" }));
    const field = within(row).getByRole("textbox");
    fireEvent.keyDown(field, { key: "z", ctrlKey: true });
    expect(within(row).getByRole("alert").textContent).toBe("Undo has these keys.");
    expect(useSettings.getState().keys).toEqual({});
    fireEvent.keyDown(field, { key: "F7" });
    expect(useSettings.getState().keys).toEqual({ "view.theme": ["F7"] });
  });

  test("are found by name, in the other language too, and by themselves", async () => {
    render(<KeyHelp close={() => {}} />);
    const field = screen.getByLabelText("Search by name or keys");
    await userEvent.type(field, "ctrl+shift+z");
    expect(rows()).toEqual(["edit.redo"]);
  });
});

describe("the main menu", () => {
  test("lists commands with keys, what cannot be used faint", () => {
    const edit = mainMenu((key) => i18next.t(key)).find((entry) => entry !== "line" && entry.id === "edit");
    const undo = edit !== "line" ? edit?.items?.[0] : undefined;
    expect(undo).toMatchObject({ id: "edit.undo", label: "Undo", keys: "Mod+Z", disabled: true });
  });
});

describe("settings", () => {
  test("each is in the dialog, named in both languages with all its values", () => {
    const shown = PAGES.flatMap((page) => page.rows);
    const own = Object.keys(settingsOf({})).filter((key) => !["keys", "sizes", "panels"].includes(key));
    expect(shown.map((row) => row.key).toSorted()).toEqual(own.toSorted());
    const keys = shown.flatMap((row) => [
      `shell:settings.${row.key}.title`,
      ...(row.kind === "choice" ? row.of.map((one) => `shell:settings.${row.key}.${one}`) : []),
    ]);
    for (const lng of ["en", "vi"])
      expect(keys.filter((key) => !i18next.exists(key, { lng, fallbackLng: [] }))).toEqual([]);
  });

  test("are changed at once and go back to the start, the keys stay", async () => {
    useSettings.getState().change({ keys: { "view.theme": ["F7"] } });
    render(<SettingsDialog close={() => {}} />);
    await userEvent.selectOptions(screen.getByLabelText("Theme"), "Light");
    await userEvent.click(screen.getByRole("tab", { name: "Canvas" }));
    await userEvent.click(screen.getByLabelText("Snap to the grid"));
    fireEvent.change(screen.getByLabelText("Distance of the grid"), { target: { value: "40" } });
    expect(useSettings.getState()).toMatchObject({ theme: "light", snap: true, gridSize: 40 });
    await userEvent.click(screen.getByRole("button", { name: "As at the start" }));
    expect(useSettings.getState()).toMatchObject({ theme: "system", snap: false, keys: { "view.theme": ["F7"] } });
  });

  test("#34 the language changes what is shown at once", async () => {
    render(<SettingsDialog close={() => {}} />);
    await userEvent.selectOptions(screen.getByLabelText("Language"), "Tiếng Việt");
    expect(screen.getByRole("heading", { name: "Cài đặt" })).toBeTruthy();
    expect(document.documentElement.lang).toBe("vi");
    act(() => useSettings.getState().reset());
    expect(document.documentElement.lang).toBe("en");
  });
});

test("hints are one line that can be dismissed for good", async () => {
  render(<Hints />);
  expect(screen.getByText(/Tab adds a node/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Hide the hints" }));
  expect(screen.queryByText(/Tab adds a node/)).toBeNull();
  expect(useSettings.getState().hints).toBe(false);
});
