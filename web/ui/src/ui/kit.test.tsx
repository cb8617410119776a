import { act, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Play } from "lucide-react";
import { useState } from "react";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Button, IconButton } from "./Button";
import { Dialog } from "./Dialog";
import { Empty } from "./Empty";
import { type MenuEntry } from "./Menu";
import { MenuButton } from "./MenuButton";
import { Select } from "./Select";
import { Spinner } from "./Spinner";
import { Switch } from "./Switch";
import { Tabs } from "./Tabs";
import { TextField } from "./TextField";
import { TooltipHost } from "./Tooltip";

afterEach(() => void vi.useRealTimers());

const at = () => document.activeElement?.textContent;

function Pages() {
  const [chosen, choose] = useState("a");
  const tabs = ["a", "b", "c"].map((id) => ({ id, label: `Page ${id}` }));
  return (
    <Tabs label="Pages" tabs={tabs} chosen={chosen} choose={choose}>
      about {chosen}
    </Tabs>
  );
}

describe("#20 buttons", () => {
  test("have a name, are no submits, and do nothing while busy", async () => {
    const press = vi.fn();
    render(
      <>
        <Button onClick={press} busy>
          Save
        </Button>
        <IconButton icon={Play} label="Run" onClick={press} pressed />
      </>,
    );
    const save = screen.getByRole("button", { name: "Save" });
    await userEvent.click(save);
    expect(press).not.toHaveBeenCalled();
    expect([save.getAttribute("type"), save.getAttribute("aria-busy")]).toEqual(["button", "true"]);
    await userEvent.click(screen.getByRole("button", { name: "Run", pressed: true }));
    expect(press).toHaveBeenCalledOnce();
  });

  test("show their name and keys when they are pointed at", async () => {
    vi.useFakeTimers();
    render(
      <>
        <IconButton icon={Play} label="Run" keys="Mod+Enter" />
        <TooltipHost />
      </>,
    );
    fireEvent.pointerOver(screen.getByRole("button"), { pointerType: "mouse" });
    expect(screen.queryByRole("tooltip")).toBeNull();
    act(() => void vi.advanceTimersByTime(1000));
    expect(screen.getByRole("tooltip").textContent).toBe("RunCtrl↵");
    fireEvent.pointerDown(document.body);
    expect(screen.queryByRole("tooltip")).toBeNull();
  });
});

describe("#20 a menu", () => {
  const chosen = vi.fn();
  const entries = (): MenuEntry[] => [
    { id: "a", label: "Alpha", run: () => chosen("a") },
    { id: "b", label: "Beta", disabled: true, run: () => chosen("b") },
    "line",
    { id: "c", label: "Gamma", checked: true, run: () => chosen("c") },
    { id: "d", label: "Delta", items: [{ id: "e", label: "Epsilon", run: () => chosen("e") }] },
  ];

  async function opened() {
    chosen.mockClear();
    const user = userEvent.setup();
    render(<MenuButton icon={Play} label="More" entries={entries} />);
    await user.click(screen.getByRole("button", { name: "More" }));
    return user;
  }

  test("is walked by arrows, past what cannot be used, round at the ends", async () => {
    const user = await opened();
    expect(at()).toBe("Alpha");
    await user.keyboard("{ArrowDown}");
    expect(at()).toBe("Gamma");
    await user.keyboard("{ArrowUp}{ArrowUp}");
    expect(at()).toBe("Delta");
    await user.keyboard("g");
    expect(at()).toBe("Gamma");
    expect(screen.getByRole("menuitemcheckbox").getAttribute("aria-checked")).toBe("true");
  });

  test("runs what is chosen and closes", async () => {
    const user = await opened();
    await user.keyboard("{Enter}");
    expect(chosen).toHaveBeenCalledWith("a");
    expect(screen.queryByRole("menu")).toBeNull();
  });

  test("does not run what is disabled", async () => {
    const user = await opened();
    await user.click(screen.getByText("Beta"));
    expect(chosen).not.toHaveBeenCalled();
  });

  test("has menus inside: right opens, left goes back, Enter chooses", async () => {
    const user = await opened();
    await user.keyboard("{ArrowUp}{ArrowRight}");
    expect(document.activeElement?.textContent).toBe("Epsilon");
    await user.keyboard("{ArrowLeft}");
    expect(screen.getAllByRole("menu")).toHaveLength(1);
    await user.keyboard("{ArrowRight}{Enter}");
    expect(chosen).toHaveBeenCalledWith("e");
    expect(screen.queryByRole("menu")).toBeNull();
  });

  test("closes by Escape and by a press elsewhere, and gives the focus back", async () => {
    const user = await opened();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "More" }));
    await user.keyboard("{Enter}");
    expect(screen.getByRole("menu")).toBeTruthy();
    fireEvent.pointerDown(document.body);
    expect(screen.queryByRole("menu")).toBeNull();
  });
});

test("#20 a dialog is named by its title and closed by its button", async () => {
  const close = vi.fn();
  render(
    <Dialog title="Settings" close={close} footer={<Button>Done</Button>}>
      text
    </Dialog>,
  );
  const dialog = screen.getByRole("dialog", { name: "Settings" });
  await userEvent.click(within(dialog).getByRole("button", { name: "Close" }));
  expect(close).toHaveBeenCalledOnce();
});

test("#20 a field has a label, and what is wrong is told with it", async () => {
  const change = vi.fn();
  const { rerender } = render(<TextField label="Name" value="" hint="Letters" change={change} />);
  await userEvent.type(screen.getByLabelText("Name"), "a");
  expect(change).toHaveBeenCalledWith("a");
  rerender(<TextField label="Name" value="a" error="It is taken." change={change} />);
  const field = screen.getByLabelText("Name");
  expect(field.getAttribute("aria-invalid")).toBe("true");
  const told = document.querySelector(`#${CSS.escape(field.getAttribute("aria-describedby") ?? "")}`);
  expect(told?.textContent).toBe("It is taken.");
});

test("#20 a list gives one of its values", async () => {
  const change = vi.fn();
  const options = [
    { value: "dark", label: "Dark" },
    { value: "light", label: "Light" },
  ] as const;
  render(<Select label="Theme" value="dark" options={options} change={change} />);
  await userEvent.selectOptions(screen.getByLabelText("Theme"), "Light");
  expect(change).toHaveBeenCalledWith("light");
});

test("#20 a switch is on or off", async () => {
  const change = vi.fn();
  render(<Switch label="Grid" on={false} change={change} />);
  await userEvent.click(screen.getByRole("switch", { name: "Grid", checked: false }));
  expect(change).toHaveBeenCalledWith(true);
});

test("#20 tabs are one stop; arrows choose among them", async () => {
  const user = userEvent.setup();
  render(<Pages />);
  await user.tab();
  await user.keyboard("{ArrowLeft}");
  expect(screen.getByRole("tabpanel", { name: "Page c" }).textContent).toBe("about c");
  await user.keyboard("{ArrowRight}");
  expect(document.activeElement).toBe(screen.getByRole("tab", { name: "Page a", selected: true }));
});

test("#20 what is under way is told, if it has words", () => {
  const { rerender } = render(<Spinner />);
  expect(screen.queryByRole("status")).toBeNull();
  rerender(<Spinner label="Loading" />);
  expect(screen.getByRole("status").textContent).toBe("Loading");
});

test("an empty place says what fills it", () => {
  render(<Empty icon={Play} title="Nothing yet" text="Run something." />);
  expect(screen.getByText("Run something.")).toBeTruthy();
});
