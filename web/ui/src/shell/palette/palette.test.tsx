import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test } from "vitest";
import { runCommand } from "~/commands/registry";
import { search } from "~/core/search";
import "~/i18n";
import "~/shell";
import { Library } from "~/shell/library/Library";
import { at, begin, doc, known, nodes } from "~/shell/testkit";
import { useDoc } from "~/stores/doc";
import { useUsage } from "~/stores/usage";
import { useUi } from "~/stores/ui";
import { accept, cornerFor, firstFiles, place } from "./accept";
import { AddNode } from "./AddNode";
import { GROUP, indexOf, NOTE, type Offer, offersFor } from "./offers";

beforeEach(begin);

type From = Parameters<typeof offersFor>[1];

const offer = (id: string, from?: From): Offer =>
  offersFor(at(), from, "en").find((o) => o.id === id) ?? expect.fail(`${id} is not offered`);

const fits = (from: From) => offersFor(at(), from, "en").map((o) => [o.id, o.socket]);
const names = () => screen.getAllByRole("option").map((o) => o.textContent);

describe("#1 what may be added", () => {
  test("is every type, then those for testing, then frames and notes", () => {
    const ids = offersFor(at(), undefined, "en").map((o) => o.id);
    expect(ids).toEqual(["Anything", "Decode", "LoadModel", "Sample", "SampleMore", "Trial", GROUP, NOTE]);
  });

  test("#2 for a hanging link is what has a socket for it, its own type before any", () => {
    expect(fits({ node: "1", output: 0 })).toEqual([
      ["Decode", "samples"],
      ["Sample", "latent"],
      ["Anything", "value"],
      ["Trial", "samples"],
    ]);
    expect(fits({ node: "1", input: "model" })).toEqual([
      ["LoadModel", 0],
      ["Anything", 0],
    ]);
  });

  test("#15 is a subgraph of the document, but not inside itself", () => {
    const inner = { title: "Mine", nodes: {}, groups: {}, notes: {}, inputs: [], widgets: [], outputs: [], meta: {} };
    useDoc.getState().open({ ...doc(), subgraphs: { s: inner } });
    expect(offer("subgraph:s").label).toBe("Mine");
    expect(offersFor(at("s"), undefined, "en").some((o) => o.id === "subgraph:s")).toBe(false);
  });

  test.each([
    ["latent", ["Decode", "Trial", "Sample", "SampleMore"]],
    ["clip", ["LoadModel"]],
    ["steps", ["Sample"]],
    ["load", ["LoadModel"]],
  ])("is found by category, types of sockets and names of inputs: %s", (query, ids) => {
    const found = search(indexOf(offersFor(at(), undefined, "en")), query).map((f) => f.id);
    expect(found.toSorted()).toEqual(ids.toSorted());
  });
});

describe("#1 accepting", () => {
  test("puts the node's header under the cursor, selects it and remembers it", () => {
    accept(offer("Decode"), { at: [500, 400] });
    const added = nodes()["2"];
    expect(added?.pos).toEqual([370, 385]);
    expect([...useUi.getState().selection]).toEqual(["2"]);
    expect(useUsage.getState().nodes["Decode"]?.count).toBe(1);
  });

  test("#2 puts the linked socket at the point, and one undo takes node and link away", () => {
    const from = { node: "1", output: 0 };
    accept(offer("Decode", from), { at: [500, 400], from });
    expect(nodes()["2"]?.links).toEqual({ samples: { node: "1", output: 0 } });
    expect(cornerFor(known("Decode"), [500, 400], "samples")).toEqual(nodes()["2"]?.pos);
    expect(nodes()["2"]?.pos[0]).toBe(500);
    runCommand("edit.undo");
    expect(Object.keys(nodes())).toEqual(["1"]);
  });

  test("#2 a link dragged out of an input comes from the new node", () => {
    const from = { node: "1", input: "model" };
    accept(offer("LoadModel", from), { at: [0, 0], from });
    expect(nodes()["1"]?.links).toEqual({ model: { node: "2", output: 0 } });
  });

  test("a second node does not lie on the first", () => {
    place(known("Decode"), [0, 0]);
    place(known("Decode"), [0, 0]);
    expect(nodes()["2"]?.pos).not.toEqual(nodes()["3"]?.pos);
  });

  test("frames lie around what is selected", () => {
    useUi.getState().select(["1"]);
    accept(offer(GROUP), { at: [900, 900] });
    accept(offer(NOTE), { at: [900, 900] });
    const { groups, notes } = useDoc.getState().doc.root;
    expect(Object.values(groups)[0]?.pos[0]).toBeLessThan(0);
    expect(Object.values(notes)[0]?.pos).toEqual([900, 900]);
  });

  test("#13 nothing is added to a canvas that is read only", () => {
    useUi.setState({ readOnly: true });
    accept(offer("Decode"), { at: [0, 0] });
    expect(Object.keys(nodes())).toEqual(["1"]);
  });
});

describe("#1 the palette", () => {
  test("is searched, walked and accepted by keyboard", async () => {
    render(<AddNode />);
    act(() => useUi.getState().openPalette({ at: [0, 0] }));
    const user = userEvent.setup();
    await user.type(screen.getByRole("combobox"), "sample");
    expect(screen.getByRole("complementary").textContent).toContain("What Sample does.");
    await user.keyboard("{ArrowDown}{Enter}");
    expect(useUi.getState().palette).toBeNull();
    expect(nodes()["2"]?.type).toBe("SampleMore");
  });

  test("is browsed by category while nothing is typed, what was used first", async () => {
    useUsage.setState({ nodes: { Decode: { count: 1, last: Date.now() } }, commands: {} });
    render(<AddNode />);
    act(() => useUi.getState().openPalette({ at: [0, 0] }));
    expect(names()[0]).toContain("Decode");
    await userEvent.click(screen.getByRole("option", { name: /^Sampling/ }));
    expect(names()).toEqual(["Sampling / Custom1", "SampleSampling"]);
    await userEvent.keyboard("{Backspace}");
    expect(names()[0]).toContain("Decode");
  });
});

test("#1 the library shows categories as a tree and adds by Enter", async () => {
  render(<Library />);
  const user = userEvent.setup();
  await user.click(screen.getByRole("treeitem", { name: /^Latent/ }));
  screen.getByRole("treeitem", { name: "Decode" }).focus();
  await user.keyboard("{Enter}");
  expect(nodes()["2"]?.type).toBe("Decode");
  await user.keyboard("{ArrowLeft}{ArrowLeft}");
  expect(screen.queryByRole("treeitem", { name: "Decode" })).toBeNull();
});

const file = (kind: string, required: boolean) => ({ type: "COMBO", required, help: "", file: kind });

test("#1 a new node takes the first model where one must be chosen, and leaves the rest to its reader", () => {
  const inputs = {
    name: file("checkpoints", true),
    maybe: file("vae", false),
    none: file("loras", true),
    picture: file("input", true),
  };
  const files = { checkpoints: ["a.safetensors", "b.safetensors"], vae: ["v.safetensors"], input: ["mine.png"] };
  expect(firstFiles({ ...known("LoadModel"), inputs }, files)).toEqual({ name: "a.safetensors" });
});
