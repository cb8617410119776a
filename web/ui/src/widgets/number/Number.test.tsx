import { act, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { useDoc } from "~/stores/doc";
import { Held, inputDef, oneNode, valueOf } from "../testing";
import { NumberWidget } from "./Number";

const width = inputDef({ min: 16, max: 16384, step: 8, default: 512 });
const show = (def = width, more = {}) => render(<Held widget={NumberWidget} def={def} {...more} />);
const field = () => screen.getByRole<HTMLInputElement>("spinbutton", { name: "x" });

beforeEach(() => oneNode());

test("#27 a typed sum becomes its value, and Escape brings back what was there", async () => {
  const user = userEvent.setup();
  show();
  await user.clear(field());
  await user.type(field(), "512*1.5{Enter}");
  expect(valueOf()).toBe(768);
  expect(field().value).toBe("768");
  await user.tab();
  await user.click(field());
  await user.clear(field());
  await user.type(field(), "1024{Escape}");
  expect(valueOf()).toBe(768);
});

test("#27 what is out of the limits is set to them, and it is said", async () => {
  const user = userEvent.setup();
  show();
  await user.clear(field());
  await user.type(field(), "99999{Enter}");
  expect(valueOf()).toBe(16384);
  expect(screen.getByRole("status").textContent).toContain("16384");
});

test("#27 what cannot be read stays to be mended, and is not stored", async () => {
  const user = userEvent.setup();
  show();
  await user.clear(field());
  await user.type(field(), "64*{Enter}");
  expect(field().value).toBe("64*");
  expect(field().getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByRole("status").textContent).toContain("not finished");
  expect(valueOf()).toBe(64);
  await user.tab();
  expect(field().value).toBe("64");
});

test("#27 the document has what is typed at every key stroke: nothing is lost if the node goes out of sight", async () => {
  const user = userEvent.setup();
  const { unmount } = show();
  await user.clear(field());
  await user.type(field(), "640");
  unmount();
  expect(valueOf()).toBe(640);
});

test("#27 arrows move by steps, Ctrl by ten, and all of it is one undo", async () => {
  const user = userEvent.setup();
  show();
  await user.click(field());
  await user.keyboard("{ArrowUp}{Control>}{ArrowUp}{/Control}{ArrowDown}");
  expect(valueOf()).toBe(592);
  act(() => useDoc.getState().undo());
  expect(valueOf()).toBeUndefined();
  expect(field().value).toBe("512");
});

test("#27 Ctrl+Z in the field is the document's undo", async () => {
  const user = userEvent.setup();
  show();
  await user.click(field());
  await user.keyboard("{ArrowUp}");
  expect(valueOf()).toBe(520);
  await user.keyboard("{Control>}z{/Control}");
  expect(valueOf()).toBeUndefined();
});

const drag = (row: Element, by: number, more: object = {}) => {
  fireEvent.pointerDown(row, { button: 0, clientX: 100, pointerId: 1, pointerType: "touch" });
  for (let i = 1; i <= 10; i++)
    fireEvent.pointerMove(window, { clientX: 100 + (by * i) / 10, pointerId: 1, pointerType: "touch", ...more });
};

test("#27 a drag changes the number by its steps, and Escape gives it up", () => {
  show();
  const row = field().parentElement ?? field();
  drag(row, 40);
  fireEvent.pointerUp(window, { pointerId: 1 });
  expect(valueOf()).toBe(512 + 10 * 8);
  drag(row, -40);
  fireEvent.keyDown(window, { key: "Escape" });
  expect(valueOf()).toBe(592);
});

test("#27 a press without a drag enters the field", () => {
  show();
  const row = field().parentElement ?? field();
  fireEvent.pointerDown(row, { button: 0, clientX: 5, pointerId: 1 });
  fireEvent.pointerUp(window, { pointerId: 1 });
  expect(document.activeElement).toBe(field());
});

test("#27 the wheel changes it while it has the focus, and never otherwise", () => {
  show();
  const row = field().parentElement ?? field();
  fireEvent.wheel(row, { deltaY: -100 });
  expect(valueOf()).toBeUndefined();
  act(() => field().focus());
  fireEvent.wheel(row, { deltaY: -100 });
  expect(valueOf()).toBe(520);
});

test("#26 whole numbers beyond 2^53 stay exact", async () => {
  const user = userEvent.setup();
  show(inputDef({ min: 0, max: "18446744073709551615" }));
  await user.clear(field());
  await user.type(field(), "9007199254740993{Enter}");
  expect(valueOf()).toBe("9007199254740993");
  await user.keyboard("{ArrowUp}");
  expect(valueOf()).toBe("9007199254740994");
});

test("#27 a linked input cannot be typed in or dragged", () => {
  show(width, { disabled: true });
  expect(field().disabled).toBe(true);
  drag(field().parentElement ?? field(), 40);
  fireEvent.pointerUp(window, { pointerId: 1 });
  expect(valueOf()).toBeUndefined();
});

test("#20 a small range is told with its limits", () => {
  show(inputDef({ type: "FLOAT", min: 0, max: 1, step: 0.01, default: 0.5 }), { describedBy: "why" });
  for (const [name, value] of Object.entries({ valuenow: "0.5", valuemin: "0", valuemax: "1", describedby: "why" }))
    expect(field().getAttribute(`aria-${name}`)).toBe(value);
});
