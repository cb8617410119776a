import { act, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Play } from "lucide-react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { App } from "~/app/App";
import { Part } from "~/app/Part";
import { stopOf } from "~/app/Phone";
import { Toasts } from "~/app/Toasts";
import { registerDialogs, registerPanels } from "~/shell/slots";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { Dialog } from "~/ui/Dialog";

let broken = false;

function Fragile() {
  if (broken) throw new Error("the cause");
  return <p>all is well</p>;
}

registerPanels([
  { id: "t.left", side: "left", title: "app:name", icon: Play, component: Fragile, order: 1 },
  { id: "t.right", side: "right", title: "app:panels", icon: Play, component: () => <p>right</p>, order: 1 },
]);
registerDialogs([
  {
    name: "t.dialog",
    component: ({ args, close }) => (
      <Dialog title="Test" close={close}>
        {String(args)}
      </Dialog>
    ),
  },
]);

beforeEach(() => {
  broken = false;
  useUi.setState({ panels: { left: null, right: null, bottom: null }, dialog: null, toasts: [] });
});
afterEach(() => {
  useSettings.getState().reset();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("the frame", () => {
  test("shows and hides a panel by its icon", async () => {
    render(<App />);
    const icon = screen.getByRole("button", { name: "Inkwater", pressed: false });
    await userEvent.click(icon);
    expect(screen.getByRole("region", { name: "Inkwater" }).textContent).toContain("all is well");
    await userEvent.click(icon);
    expect(screen.queryByText("all is well")).toBeNull();
  });

  test("remembers the size of a panel, changed by keyboard within its bounds", () => {
    act(() => useUi.getState().toggle("left", "t.left"));
    render(<App />);
    const edge = screen.getByRole("separator");
    fireEvent.keyDown(edge, { key: "ArrowRight" });
    expect(useSettings.getState().sizes.left).toBe(296);
    fireEvent.keyDown(edge, { key: "Home" });
    fireEvent.keyDown(edge, { key: "ArrowLeft" });
    expect([useSettings.getState().sizes.left, edge.getAttribute("aria-valuenow")]).toEqual([200, "200"]);
  });

  test("shows the dialog that is asked for, with what it was given", async () => {
    render(<App />);
    act(() => useUi.getState().show("t.dialog", 42));
    expect(screen.getByRole("dialog", { name: "Test" }).textContent).toContain("42");
    await userEvent.click(screen.getByRole("button", { name: "Close" }));
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("goes on when a panel fails, which says so and can be started again", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    broken = true;
    act(() => useUi.setState({ panels: { left: "t.left", right: "t.right", bottom: null } }));
    render(<App />);
    const alert = screen.getByRole("alert");
    expect(alert.textContent).toContain("“Inkwater” stopped working.");
    expect(alert.textContent).toContain("the cause");
    expect(screen.getByText("right")).toBeTruthy();
    broken = false;
    await userEvent.click(screen.getByRole("button", { name: "Start it again" }));
    expect(screen.getByText("all is well")).toBeTruthy();
  });
});

test("details of a failure can be copied", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  broken = true;
  const user = userEvent.setup();
  render(
    <Part name="Gallery">
      <Fragile />
    </Part>,
  );
  await user.click(screen.getByRole("button", { name: "Copy details" }));
  expect(await navigator.clipboard.readText()).toContain("Gallery: Error: the cause");
  expect(screen.getByRole("button", { name: "Copied" })).toBeTruthy();
});

describe("#20 messages", () => {
  test("are told in a status region that is always there, and can be dismissed", async () => {
    render(<Toasts />);
    const region = screen.getByRole("status");
    act(() => useUi.getState().toast("info", { key: "app:name" }));
    expect(region.textContent).toContain("Inkwater");
    await userEvent.click(screen.getByRole("button", { name: "Dismiss" }));
    expect(region.textContent).toBe("");
  });

  test("offer what can be done, once", async () => {
    const run = vi.fn();
    render(<Toasts />);
    act(() => useUi.getState().toast("error", "It went wrong.", { label: { key: "app:close" }, run }));
    await userEvent.click(screen.getByRole("button", { name: "Close" }));
    expect(run).toHaveBeenCalledOnce();
    expect(screen.queryByText("It went wrong.")).toBeNull();
  });

  test("go by themselves, mistakes later", () => {
    vi.useFakeTimers();
    render(<Toasts />);
    act(() => {
      useUi.getState().toast("info", "short");
      useUi.getState().toast("error", "long");
    });
    act(() => void vi.advanceTimersByTime(5000));
    expect([screen.queryByText("short"), screen.queryByText("long")?.textContent]).toEqual([null, "long"]);
    act(() => void vi.advanceTimersByTime(9000));
    expect(screen.queryByText("long")).toBeNull();
  });
});

test.each([
  [0.1, null],
  [0.2, 0.3],
  [0.5, 0.55],
  [0.99, 0.92],
])("#19 a sheet that is let go at %f of the height rests at %s", (height, stop) => {
  expect(stopOf(height)).toBe(stop);
});
