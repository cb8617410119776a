import { act, render, screen } from "@testing-library/react";
import type { ComponentProps } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import { emptyDoc } from "~/core/document";
import { shapeOf } from "~/core/geometry";
import { REGISTRY } from "~/core/testkit";
import type { GraphNode } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { type Problem, useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { useUi } from "~/stores/ui";

const drawn: string[] = [];
vi.mock("./NodeSockets", () => ({
  NodeSockets: ({ id }: { id: string }) => {
    drawn.push(id);
    return null;
  },
}));
vi.mock("./NodeWidgets", () => ({ NodeWidgets: () => null }));

const { NodeView } = await import("./NodeView");
type Props = ComponentProps<typeof NodeView>;

const node = (type: string, more: Partial<GraphNode> = {}): GraphNode => ({
  type,
  values: {},
  links: {},
  pos: [0, 0],
  meta: {},
  ...more,
});

const plain = {
  type: "node",
  selected: false,
  dragging: false,
  draggable: true,
  selectable: true,
  deletable: true,
  isConnectable: true,
  zIndex: 0,
  positionAbsoluteX: 0,
  positionAbsoluteY: 0,
} as const;

function props(id: string, value: GraphNode): Props {
  const type = REGISTRY[value.type] ?? { ...REGISTRY["Any"], name: value.type, label: value.type, unknown: true };
  const known = type as Props["data"]["type"];
  return { ...plain, id, data: { node: value, type: known, shape: shapeOf(value, known), used: "", fed: "" } };
}

const initial = useRun.getState();

beforeEach(() => {
  drawn.length = 0;
  useRun.setState(initial, true);
  useDoc.getState().open(emptyDoc());
  useServer.setState({ registry: REGISTRY, ready: true });
  useUi.setState({ path: [], selection: new Set(), readOnly: false });
});

const show = (all: readonly Props[]) =>
  render(
    <>
      {all.map((one) => (
        <NodeView key={one.id} {...one} />
      ))}
    </>,
  );

const nameOf = (id: string) => document.getElementById(`name-${id}`)?.textContent;

test("#22 a step of a run draws no node anew but the progress of the one that runs", () => {
  show(["1", "2", "3"].map((id) => props(id, node("Sample"))));
  expect(drawn).toEqual(["1", "2", "3"]);
  act(() => useRun.setState({ nodes: { "2": { state: "running", done: 1, total: 20 } } }));
  expect(drawn).toEqual(["1", "2", "3", "2"]);
  for (let done = 2; done < 20; done++)
    act(() => useRun.setState({ nodes: { "2": { state: "running", done, total: 20 } } }));
  expect(drawn).toEqual(["1", "2", "3", "2"]);
  expect(nameOf("2")).toBe("Sample, running 95 %");
});

test("where a node lies does not draw it anew; its value and its selection do", () => {
  const first = props("1", node("Sample"));
  const { rerender } = render(<NodeView {...first} />);
  rerender(<NodeView {...first} positionAbsoluteX={40} dragging />);
  expect(drawn).toEqual(["1"]);
  rerender(<NodeView {...first} selected />);
  rerender(<NodeView {...props("1", node("Sample", { values: { seed: 3 } }))} selected />);
  expect(drawn).toEqual(["1", "1", "1"]);
});

test("#20 a node is named by its title, its state, its mode and its problems", () => {
  const problem: Problem = {
    code: "missing_input",
    severity: "error",
    node: "1",
    input: "model",
    args: {},
    message: "No model.",
    mend: null,
  };
  useRun.setState({ problems: { "1": [problem] } });
  show([
    props("1", node("Sample", { title: "Mine", mode: "mute" })),
    props("2", node("Empty", { collapsed: true, pinned: true })),
    props("3", node("Nowhere")),
  ]);
  expect(nameOf("1")).toBe("Mine, cannot run, Muted, 1 problem");
  expect(nameOf("2")).toBe("Empty, collapsed, pinned");
  expect(nameOf("3")).toBe("Nowhere, type not installed");
});

test("#22 inside a subgraph the run knows a node by its whole path", () => {
  useUi.setState({ path: [{ instance: "12", subgraph: "s" }] });
  useRun.setState({ nodes: { "12:1": { state: "cached" }, "1": { state: "error" } } });
  show([props("1", node("Sample"))]);
  expect(nameOf("1")).toBe("Sample, result kept");
});

test("#24 a node of an unknown type says what is missing and from which pack", () => {
  const lost = props("1", node("Nowhere"));
  const data = { ...lost.data, type: { ...lost.data.type, module: "far-pack" } };
  show([{ ...lost, data }]);
  expect(screen.getByText(/“Nowhere”.*“far-pack”/)).toBeTruthy();
});

test("#23 why a node failed stands under it", () => {
  useRun.setState({ nodes: { "1": { state: "error", error: "Out of memory" } } });
  show([props("1", node("Sample"))]);
  expect(screen.getByText("Out of memory")).toBeTruthy();
});
