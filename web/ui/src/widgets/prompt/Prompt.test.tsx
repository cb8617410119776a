import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NodeType } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { Held, inputDef, oneNode, valueOf } from "../testing";
import { piecesOf } from "./pieces";
import { Prompt } from "./Prompt";
import { countOf } from "./tokens";

const def = inputDef({ type: "STRING", default: "", widget: { name: "multiline" } });
const encode: NodeType = {
  name: "Encode",
  label: "Encode",
  category: "",
  kind: "pure",
  help: "",
  inputs: { clip: inputDef({ type: "CLIP" }), x: def },
  outputs: [],
  module: "",
};
const show = () => render(<Held widget={Prompt} def={def} />);
const box = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "x" });

type Asked = { readonly text: string; readonly signal: AbortSignal | null | undefined };
let asked: Asked[] = [];

beforeEach(() => {
  asked = [];
  useServer.setState({ registry: { Encode: encode }, files: {}, ready: true, worker: true });
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const body = url.includes("/tokens")
      ? { tokens: Array.from({ length: 3 }, () => ({ chunk: 0 })), chunks: 1, free: 72 }
      : {
          models: ["bad/hands.pt", "nice.safetensors"].map((name) => ({ name, size: 1, title: null, unusable: null })),
          next: null,
        };
    if (url.includes("/tokens")) asked.push({ text: JSON.parse(String(init.body)).text, signal: init.signal });
    return new Response(JSON.stringify(body));
  });
  oneNode({}, "Encode");
});
afterEach(() => vi.unstubAllGlobals());

test("#28 what is typed is in the document at every stroke, and one undo takes it back", async () => {
  const user = userEvent.setup();
  show();
  await user.type(box(), "a cat");
  expect(valueOf()).toBe("a cat");
  await user.keyboard("{Control>}z{/Control}");
  expect(valueOf()).toBeUndefined();
  expect(box().value).toBe("");
});

test("#28 Ctrl with arrows weighs the word at the caret and keeps it selected", async () => {
  const user = userEvent.setup();
  show();
  await user.type(box(), "a cat");
  await user.keyboard("{Control>}{ArrowUp}{ArrowUp}{/Control}");
  expect(valueOf()).toBe("a (cat:1.1)");
  expect(box().value.slice(box().selectionStart, box().selectionEnd)).toBe("cat");
  await user.keyboard("{Control>}{ArrowDown}{ArrowDown}{/Control}");
  expect(valueOf()).toBe("a cat");
});

test("#28 text that no encoder reads has no weights and is not counted", async () => {
  const user = userEvent.setup();
  oneNode({}, "Other");
  show();
  await user.type(box(), "a cat");
  await user.keyboard("{Control>}{ArrowUp}{/Control}");
  expect(valueOf()).toBe("a cat");
  expect(asked).toEqual([]);
});

test("#28 tokens are asked for once the typing rests, and an overtaken question is called off", async () => {
  show();
  fireEvent.change(box(), { target: { value: "a r" } });
  fireEvent.change(box(), { target: { value: "a red" } });
  expect(await screen.findByText("3/75")).toBeTruthy();
  expect(asked.map((one) => one.text)).toEqual(["a red"]);
  fireEvent.change(box(), { target: { value: "a red cat" } });
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(asked[1]?.text).toBe("a red cat");
  expect(asked[0]?.signal?.aborted).toBe(true);
});

test("#28 no tokens are asked of a model file that is not there", async () => {
  const loader = { ...encode, name: "Load", inputs: { ckpt: inputDef({ type: "COMBO", file: "checkpoints" }) } };
  useServer.setState({ registry: { Encode: encode, Load: { ...loader, outputs: [] } } });
  const load = { type: "Load", values: { ckpt: "gone.safetensors" }, links: {}, pos: [0, 0] as const, meta: {} };
  const { doc } = useDoc.getState();
  const read = Object.entries(doc.root.nodes).map(
    ([id, node]) => [id, { ...node, links: { clip: { node: "load", output: 0 } } }] as const,
  );
  useDoc.getState().open({ ...doc, root: { ...doc.root, nodes: { ...Object.fromEntries(read), load } } });
  show();
  vi.useFakeTimers();
  fireEvent.change(box(), { target: { value: "a red" } });
  vi.advanceTimersByTime(10_000);
  vi.useRealTimers();
  expect(asked).toEqual([]);
  act(() => useServer.setState({ files: { checkpoints: ["gone.safetensors"] } }));
  expect(await screen.findByText("3/75")).toBeTruthy();
});

test("#28 the name of an embedding is completed from the server's list", async () => {
  const user = userEvent.setup();
  show();
  await user.type(box(), "a, embedding:ha");
  expect((await screen.findByRole("option")).textContent).toContain("hands");
  await user.keyboard("{Enter}");
  expect(valueOf()).toBe("a, embedding:bad/hands");
  expect(screen.queryByRole("option")).toBeNull();
});

test("#28 keys of an input method are left to it", () => {
  show();
  fireEvent.change(box(), { target: { value: "ka" } });
  fireEvent.keyDown(box(), { key: "ArrowUp", ctrlKey: true, isComposing: true });
  expect(valueOf()).toBe("ka");
});

test("#28 a value from elsewhere is shown, an echo that comes late does not undo what was typed", async () => {
  const { rerender } = render(<Held widget={Prompt} def={def} value="" change={() => undefined} />);
  fireEvent.change(box(), { target: { value: "a" } });
  fireEvent.change(box(), { target: { value: "ab" } });
  rerender(<Held widget={Prompt} def={def} value="a" change={() => undefined} />);
  expect(box().value).toBe("ab");
  rerender(<Held widget={Prompt} def={def} value="ab" change={() => undefined} />);
  rerender(<Held widget={Prompt} def={def} value="from elsewhere" change={() => undefined} />);
  expect(box().value).toBe("from elsewhere");
});

test("#28 the pieces in colour are the text, whole and in order", () => {
  for (const text of ["", "a (b:1.2) [c]\n<lora:x:1>", "(((", "x\n\n"]) {
    const pieces = piecesOf(text, null);
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
    for (const piece of pieces) expect(text.startsWith(piece.text, piece.start)).toBe(true);
  }
  expect(
    piecesOf("(ab)", 4)
      .filter((piece) => piece.lit)
      .map((piece) => piece.text),
  ).toEqual(["(", ")"]);
});

test("#28 tokens are counted by chunk", () => {
  expect(countOf({ tokens: [{ chunk: 0 }, { chunk: 1 }, { chunk: 0 }], chunks: 2 })).toEqual([2, 1]);
  expect(countOf({ tokens: [], chunks: 0 })).toEqual([0]);
});

test("#28 all undo and redo keys go to the document", async () => {
  const user = userEvent.setup();
  show();
  await user.type(box(), "x");
  await user.keyboard("{Control>}z{/Control}");
  expect(useDoc.getState().future).toHaveLength(1);
  await user.keyboard("{Control>}{Shift>}z{/Shift}{/Control}");
  expect(valueOf()).toBe("x");
});
