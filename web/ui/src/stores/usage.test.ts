import { beforeEach, expect, test } from "vitest";
import { likeliest, likely, use, useUsage } from "~/stores/usage";

const DAY = 86_400_000;
beforeEach(() => useUsage.setState({ nodes: {}, commands: {} }));

test("#1 what was used lately and often is likeliest", () => {
  for (let i = 0; i < 9; i++) use("nodes", "KSampler", DAY * 10);
  use("nodes", "VAEDecode", DAY);
  use("nodes", "SaveImage", DAY * 10);
  const { nodes } = useUsage.getState();
  expect(likeliest(nodes, 2, DAY * 10)).toEqual(["KSampler", "SaveImage"]);
  expect(likely(nodes, "LoadImage")).toBe(0);
  expect(likely(nodes, "KSampler", DAY * 10)).toBeLessThanOrEqual(1);
});

test("#1 it is remembered in the browser", () => {
  use("commands", "edit.undo", 5);
  expect(JSON.parse(localStorage.getItem("inkwater.usage") ?? "")).toMatchObject({
    commands: { "edit.undo": { count: 1, last: 5 } },
  });
});

test("the oldest are forgotten", () => {
  for (let i = 0; i < 230; i++) use("nodes", `n${i}`, i);
  const { nodes } = useUsage.getState();
  expect([Object.keys(nodes).length, nodes["n0"], nodes["n229"]?.count]).toEqual([200, undefined, 1]);
});
