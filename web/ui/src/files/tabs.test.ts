import { beforeEach, describe, expect, test } from "vitest";
import { emptyDoc } from "~/core/document";
import type { Doc } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useSettings } from "~/stores/settings";
import { frontTab, tabOf, useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import {
  canReopen,
  closeOthers,
  closeTab,
  docOf,
  dropTab,
  markSaved,
  moveTab,
  newTab,
  reopenTab,
  showTab,
  stepTab,
  watchChanges,
} from "./tabs";

const titled = (title: string): Doc => emptyDoc(title);
const titles = () => useTabs.getState().tabs.map((tab) => docOf(tab).title);
const front = () => useDoc.getState().doc.title;
const rename = (title: string) => useDoc.getState().edit({ key: "x" }, (d) => void (d.title = title));

beforeEach(() => {
  watchChanges();
  const tab = tabOf(titled("a"), { kind: "local", name: "a.json" });
  useTabs.setState({ tabs: [tab], front: tab.id });
  useDoc.getState().open(tab.history.doc);
  useUi.setState({ path: [], dialog: null });
  useSettings.setState({ confirmClose: true });
});

describe("#31 tabs", () => {
  test("a new one comes in front, beside the one that was", () => {
    const a = frontTab()?.id ?? "";
    newTab(titled("b"));
    showTab(a);
    newTab(titled("c"));
    expect(titles()).toEqual(["a", "c", "b"]);
    expect(front()).toBe("c");
  });

  test("an untouched empty one gives its place to what is opened, and not to another empty one", () => {
    newTab();
    newTab();
    expect(titles()).toEqual(["a", "", ""]);
    newTab(titled("b"));
    expect(titles()).toEqual(["a", "", "b"]);
  });

  test("each keeps its own history and place", () => {
    const a = frontTab()?.id ?? "";
    rename("a2");
    useUi.getState().enter({ instance: "1", subgraph: "s" });
    const b = newTab(titled("b"));
    rename("b2");
    expect(useUi.getState().path).toEqual([]);
    showTab(a);
    expect(useUi.getState().path).toEqual([{ instance: "1", subgraph: "s" }]);
    useDoc.getState().undo();
    expect(front()).toBe("a");
    showTab(b);
    useDoc.getState().undo();
    expect(front()).toBe("b");
  });

  test("step round", () => {
    newTab(titled("b"));
    newTab(titled("c"));
    stepTab(1);
    expect(front()).toBe("a");
    stepTab(-1);
    expect(front()).toBe("c");
  });

  test("move before another, or to the end", () => {
    const a = frontTab()?.id ?? "";
    const b = newTab(titled("b"));
    newTab(titled("c"));
    moveTab(b, a);
    expect(titles()).toEqual(["b", "a", "c"]);
    moveTab(b, null);
    expect(titles()).toEqual(["a", "c", "b"]);
  });

  test("a closed one leaves its neighbour in front, the last one an empty one, and comes back", () => {
    const a = frontTab()?.id ?? "";
    const b = newTab(titled("b"));
    dropTab(b);
    expect(front()).toBe("a");
    dropTab(a);
    expect(titles()).toEqual([""]);
    expect(canReopen()).toBe(true);
    reopenTab();
    expect(front()).toBe("a");
    reopenTab();
    expect(front()).toBe("b");
  });
});

describe("#31 changes that are not saved", () => {
  test("mark the tab until they are undone or saved", () => {
    const id = frontTab()?.id ?? "";
    expect(frontTab()?.dirty).toBe(false);
    rename("a2");
    expect(frontTab()?.dirty).toBe(true);
    useDoc.getState().undo();
    expect(frontTab()?.dirty).toBe(false);
    useDoc.getState().redo();
    markSaved(id, useDoc.getState().doc, { kind: "server", name: "a2.json" });
    expect(frontTab()).toMatchObject({ dirty: false, file: { kind: "server", name: "a2.json" } });
    useDoc.getState().undo();
    expect(frontTab()?.dirty).toBe(true);
  });

  test("an edit while it is being saved stays unsaved", () => {
    const { doc } = useDoc.getState();
    rename("a2");
    markSaved(frontTab()?.id ?? "", doc);
    expect(frontTab()?.dirty).toBe(true);
  });

  test("are asked about before the tab is closed, unless the settings say not to", () => {
    rename("a2");
    const id = frontTab()?.id ?? "";
    closeTab(id);
    expect(useUi.getState().dialog).toEqual({ name: "files.unsaved", args: { id } });
    expect(titles()).toEqual(["a2"]);
    useSettings.setState({ confirmClose: false });
    closeTab(id);
    expect(titles()).toEqual([""]);
  });

  test("stay when all others are closed", () => {
    rename("a2");
    newTab(titled("b"));
    const c = newTab(titled("c"));
    closeOthers(c);
    expect(titles()).toEqual(["a2", "c"]);
    expect(front()).toBe("c");
  });
});
