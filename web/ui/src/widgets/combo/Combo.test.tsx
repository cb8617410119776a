import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useServer } from "~/stores/server";
import { Held, inputDef, oneNode, valueOf } from "../testing";
import { Combo } from "./Combo";

const samplers = inputDef({
  type: "COMBO",
  default: "euler",
  options: ["euler", "euler_ancestral", "heun", "dpmpp_2m"],
});
const models = inputDef({ type: "COMBO", file: "checkpoints" });
const show = (def = samplers) => render(<Held widget={Combo} def={def} />);
const button = () => screen.getByRole("combobox", { name: "x" });

const answer = (body: unknown) =>
  new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });

beforeEach(() => {
  vi.stubGlobal("fetch", async () => answer({ models: [], next: null }));
  oneNode();
  useServer.setState({ files: { checkpoints: ["mini.safetensors", "sdxl/base.safetensors"] }, ready: true });
});
afterEach(() => vi.unstubAllGlobals());

test("#27 typing opens the list and searches it, Enter takes the best", async () => {
  const user = userEvent.setup();
  show();
  button().focus();
  await user.keyboard("anc");
  const list = screen.getByRole("listbox", { name: "x" });
  expect(within(list).getAllByRole("option")).toHaveLength(1);
  await user.keyboard("{Enter}");
  expect(valueOf()).toBe("euler_ancestral");
  expect(screen.queryByRole("listbox")).toBeNull();
});

test("#27 arrows go through the list, closed and open; Escape leaves all as it was", async () => {
  const user = userEvent.setup();
  show();
  button().focus();
  await user.keyboard("{ArrowRight}{ArrowRight}");
  expect(valueOf()).toBe("heun");
  await user.keyboard("{ArrowDown}{ArrowDown}");
  const marked = screen.getByRole("combobox", { name: /Search/ }).getAttribute("aria-activedescendant") ?? "";
  expect(document.getElementById(marked)?.textContent).toBe("dpmpp_2m");
  await user.keyboard("{Escape}");
  expect(valueOf()).toBe("heun");
  expect(document.activeElement).toBe(button());
});

test("#27 a value that is not in the list is told, with names like it", async () => {
  const user = userEvent.setup();
  oneNode({ x: "old/SDXL_base.ckpt" });
  show(models);
  expect(button().textContent).toContain("missing: old/SDXL_base.ckpt");
  expect(button().getAttribute("aria-invalid")).toBe("true");
  await user.click(button());
  await user.click(screen.getByRole("button", { name: "sdxl/base.safetensors" }));
  expect(valueOf()).toBe("sdxl/base.safetensors");
});

test("#27 while the lists are not known nothing is called missing", () => {
  useServer.setState({ files: {}, ready: false });
  oneNode({ x: "a.safetensors" });
  show(models);
  expect(button().getAttribute("aria-invalid")).toBeNull();
});

test("#27 models are shown by folder, with their family and their picture", async () => {
  const user = userEvent.setup();
  const base = { size: 1, unusable: null };
  const told = [
    { name: "mini.safetensors", title: "mini-v1", preview: null, ...base },
    { name: "sdxl/base.safetensors", title: "SDXL", preview: "/api/v1/models/checkpoints/sdxl/base/preview", ...base },
  ];
  vi.stubGlobal("fetch", async () => answer({ models: told, next: null }));
  useServer.setState({ files: { checkpoints: told.map((one) => one.name) } });
  show(models);
  await user.click(button());
  const list = screen.getByRole("listbox", { name: "x" });
  const option = await within(list).findByRole("option", { name: /base.*SDXL/ });
  expect(within(list).getByText("sdxl")).toBeTruthy();
  expect(option.querySelector("img")?.getAttribute("src")).toBe("/api/v1/models/checkpoints/sdxl/base/preview?side=96");
});

test("#27 a long list draws few of its names", async () => {
  const user = userEvent.setup();
  show(inputDef({ type: "COMBO", options: Array.from({ length: 5000 }, (_, i) => `name ${i}`) }));
  await user.click(button());
  expect(screen.getAllByRole("option").length).toBeLessThan(50);
  await user.keyboard("4999{Enter}");
  expect(valueOf()).toBe("name 4999");
});
