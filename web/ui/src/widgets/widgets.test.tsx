import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import en from "~/i18n/en/widgets.json";
import { useServer } from "~/stores/server";
import { useUi } from "~/stores/ui";
import "./index";
import { ImageWidget } from "./image/Image";
import { widgetFor } from "./registry";
import { Held, inputDef, oneNode, valueOf } from "./testing";
import { Text } from "./text/Text";
import { Toggle } from "./toggle/Toggle";

beforeEach(() => {
  oneNode();
  useServer.setState({ files: { input: ["a.png"] }, ready: true });
});
afterEach(() => vi.unstubAllGlobals());

test.each([
  ["number", inputDef({})],
  ["number", inputDef({ type: "FLOAT" })],
  ["seed", inputDef({ widget: { name: "seed" } })],
  ["combo", inputDef({ type: "COMBO", options: ["a"] })],
  ["combo", inputDef({ type: "COMBO", file: "checkpoints" })],
  ["image", inputDef({ type: "COMBO", file: "input", widget: { name: "image_upload" } })],
  ["toggle", inputDef({ type: "BOOLEAN" })],
  ["text", inputDef({ type: "STRING" })],
  ["multiline", inputDef({ type: "STRING", widget: { name: "multiline" } })],
  [undefined, inputDef({ type: "MODEL" })],
])("a widget %s for its input", (name, def) => expect(widgetFor(def, "x", "T")?.name).toBe(name));

test("a switch is pressed anywhere in its row", async () => {
  const user = userEvent.setup();
  render(<Held widget={Toggle} def={inputDef({ type: "BOOLEAN", default: true })} />);
  const toggle = screen.getByRole<HTMLInputElement>("switch", { name: "x" });
  expect(toggle.checked).toBe(true);
  await user.click(screen.getByText("x"));
  expect(valueOf()).toBe(false);
  await user.click(toggle);
  expect(valueOf()).toBe(true);
});

test("text is stored at every stroke; a value of another kind is shown and kept", async () => {
  const user = userEvent.setup();
  oneNode({ x: { odd: 1 } });
  const { unmount } = render(<Held widget={Text} def={inputDef({ type: "STRING" })} />);
  expect(screen.getByRole<HTMLInputElement>("textbox").value).toBe('{"odd":1}');
  expect(valueOf()).toEqual({ odd: 1 });
  await user.clear(screen.getByRole("textbox"));
  await user.type(screen.getByRole("textbox"), "ab");
  unmount();
  expect(valueOf()).toBe("ab");
});

const picture = inputDef({ type: "COMBO", file: "input", widget: { name: "image_upload" } });

/** A request that answers as the server would; `sent` holds the forms. */
function stubUpload(status: number, body: unknown) {
  const sent: FormData[] = [];
  class Request extends EventTarget {
    readonly upload = new EventTarget();
    readonly status = status;
    readonly responseText = JSON.stringify(body);
    open() {}
    abort() {}
    send(form: FormData) {
      sent.push(form);
      queueMicrotask(() => this.dispatchEvent(new Event("load")));
    }
  }
  vi.stubGlobal("XMLHttpRequest", Request);
  return sent;
}

const dropped = (file: File) => ({ dataTransfer: { files: [file], types: ["Files"], getData: () => "" } });

test("#29 a dropped picture is uploaded, chosen and listed", async () => {
  const sent = stubUpload(200, { name: "cat (1).png", subfolder: "", type: "input" });
  render(<Held widget={ImageWidget} def={picture} />);
  fireEvent.drop(screen.getByText(en.image.drop), dropped(new File(["x"], "cat.png", { type: "image/png" })));
  await waitFor(() => expect(valueOf()).toBe("cat (1).png"));
  expect(sent[0]?.get("type")).toBe("input");
  expect(useServer.getState().files["input"]).toEqual(["cat (1).png", "a.png"]);
  expect(screen.getByRole("img").getAttribute("src")).toContain("/images/input/cat%20(1).png/thumbnail");
});

test("#29 a refused picture is told in the server's words, and the value stays", async () => {
  oneNode({ x: "a.png" });
  stubUpload(415, { error: { type: "not_a_picture", message: "That is no picture." } });
  render(<Held widget={ImageWidget} def={picture} />);
  fireEvent.drop(screen.getByRole("img"), dropped(new File(["x"], "cat.png", { type: "image/png" })));
  await waitFor(() => expect(useUi.getState().toasts.at(-1)?.text).toBe("That is no picture."));
  expect(valueOf()).toBe("a.png");
});

test("#29 what is dropped on a linked input, or is no picture, is not taken", () => {
  const sent = stubUpload(200, {});
  const { rerender } = render(<Held widget={ImageWidget} def={picture} disabled />);
  fireEvent.drop(screen.getByText(en.image.drop), dropped(new File(["x"], "cat.png", { type: "image/png" })));
  rerender(<Held widget={ImageWidget} def={picture} />);
  fireEvent.drop(screen.getByText(en.image.drop), dropped(new File(["x"], "a.txt", { type: "text/plain" })));
  expect(sent).toEqual([]);
  expect(useUi.getState().toasts.at(-1)?.text).toEqual({ key: "widgets:image.noPicture" });
});

test("#29 the brush opens the painter for this input", async () => {
  const user = userEvent.setup();
  oneNode({ x: "a.png" });
  render(<Held widget={ImageWidget} def={picture} />);
  await user.click(screen.getByRole("button", { name: "Paint a mask: x" }));
  expect(useUi.getState().dialog).toEqual({
    name: "paint",
    args: { mode: "mask", scope: null, node: "1", input: "x", value: "a.png" },
  });
});
