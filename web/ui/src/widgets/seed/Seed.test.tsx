import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { wholeOf } from "~/core/integer";
import { toDoc, toFile } from "~/formats/file";
import { readJson, writeJson } from "~/formats/json";
import { useDoc } from "~/stores/doc";
import { seedKey, useSeeds } from "~/stores/seeds";
import { Held, inputDef, metaOf, oneNode, valueOf } from "../testing";
import { Seed } from "./Seed";

const def = inputDef({ min: 0, max: "18446744073709551615", default: 0, widget: { name: "seed" } });
const show = () => render(<Held widget={Seed} def={def} label="seed" />);
const field = () => screen.getByRole<HTMLInputElement>("textbox", { name: "seed" });

beforeEach(() => oneNode({ x: "18446744073709551614" }));

test("#26 seeds of 64 bits are shown, typed and counted exactly", async () => {
  const user = userEvent.setup();
  show();
  expect(field().value).toBe("18446744073709551614");
  await user.click(field());
  await user.keyboard("{ArrowUp}");
  expect(valueOf()).toBe("18446744073709551615");
  await user.clear(field());
  await user.type(field(), "2^63+1{Enter}");
  expect(valueOf()).toBe("9223372036854775809");
  await user.clear(field());
  await user.type(field(), "9007199254740993{ArrowDown}");
  await user.tab();
  expect(valueOf()).toBe("9007199254740992");
});

test("#26 a seed is a whole number in the file, digit for digit", async () => {
  const user = userEvent.setup();
  show();
  await user.clear(field());
  await user.type(field(), "9007199254740993");
  const text = writeJson(toFile(useDoc.getState().doc));
  expect(text).toMatch(/:\s*9007199254740993\b/);
  const read = readJson(text);
  if (typeof read !== "object" || read === null || Array.isArray(read)) throw new Error("no file");
  expect(toDoc(read).doc.root.nodes["1"]?.values["x"]).toBe("9007199254740993");
});

test("#26 the dice draws another seed of the whole range", async () => {
  const user = userEvent.setup();
  show();
  const drawn = new Set<bigint | null>();
  for (let i = 0; i < 8; i++) {
    await user.click(screen.getByRole("button", { name: "Another seed" }));
    drawn.add(wholeOf(valueOf()));
  }
  expect(drawn.size).toBe(8);
  expect([...drawn].some((seed) => seed !== null && seed > 2n ** 53n)).toBe(true);
});

test("#26 what becomes of it after a run is chosen in its menu and kept with the node", async () => {
  const user = userEvent.setup();
  show();
  await user.click(screen.getByRole("button", { name: /After each run: Fixed/ }));
  await user.click(screen.getByRole("menuitemcheckbox", { name: "Randomize" }));
  expect(metaOf()["control"]).toEqual({ x: "randomize" });
  expect(screen.getByRole("button", { name: /After each run: Randomize/ })).toBeTruthy();
});

test("#26 seeds that were used come back", async () => {
  const user = userEvent.setup();
  for (const seed of [7, "9007199254740993", 7]) useSeeds.getState().remember(seedKey(null, "1", "x"), seed);
  expect(useSeeds.getState().used["/1/x"]).toEqual([7, "9007199254740993"]);
  show();
  await user.click(screen.getByRole("button", { name: /After each run/ }));
  await user.hover(screen.getByRole("menuitem", { name: "Seeds used before" }));
  await user.click(await screen.findByRole("menuitem", { name: "9007199254740993" }));
  expect(valueOf()).toBe("9007199254740993");
});
