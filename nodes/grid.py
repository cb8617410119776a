"""XY plots: one picture for each pair of values on two axes, and what the cells of such a grid are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from engine.diffusion.types import Image
from engine.graph.axes import MOST_CELLS, AxisError, Definitions, axis
from engine.graph.cells import Axes, above, cells
from engine.graph.context import Context
from engine.graph.define import NodeDef, Ui, node
from engine.graph.expand import Expand
from engine.graph.facts import NOTHING, Facts, Known
from engine.graph.graph import Arg, Const, Graph, Link, Node, NodeId
from engine.graph.problems import Refused
from engine.graph.sockets import Range, Recipe, Widget
from engine.graph.told import Telling, Told, beside
from engine.models.handle import Guider, Model
from nodes.facts import passed
from nodes.output import preview_image
from nodes.unroll import MOST_STEPS, joined

if TYPE_CHECKING:
    from torch import Tensor

    from engine.files import Library

AxisInput = Annotated[str, Widget("axis_input")]
AxisValues = Annotated[str, Widget("axis_values", {"multiline": True})]
LARGEST_SIDE, LARGEST_PICTURE = 12_000, 60_000_000
"""Pixels of a grid without its labels; the cells of a larger one are made smaller."""
CARD = 320
"""Pixels of the card that stands for a cell that could not be made."""
READABLE = 96
"""Cells are enlarged in whole pixels to this at least, so that labels can be read."""


class Plot(NamedTuple):
    """The grid as one picture, and its cells."""

    grid: Image
    cells: list[Image]


class Cell(NamedTuple):
    """The picture of a cell, which is shown too; or why there is none, with a card that says so."""

    image: Image
    reason: str
    ui: Ui


def planned(known: Known) -> Sequence[Facts]:
    """Nothing is known of the outputs; axes that cannot be are refused."""
    end, texts = known.args.get("image"), {name: known.get(name) for name in TEXTS}
    if not isinstance(end, Link) or not all(isinstance(text, str) for text in texts.values()):
        return (NOTHING, NOTHING)
    graph, reached = known.graph, above(known.graph, end.node)
    links = (arg for id in reached for arg in graph.nodes[id].inputs.values() if isinstance(arg, Link))
    if end.node in graph.nodes and all(link.node in graph.nodes for link in links):
        try:
            axes_of(graph, known.definitions.get, end, {name: str(text) for name, text in texts.items()}, known.library)
        except PlotError as error:
            raise Refused("bad_axis", beside(error), error.input) from None
    return (NOTHING, NOTHING)


@node("XYPlot", category="grid", label="XY Plot", facts=planned)
def xy_plot(
    *,
    image: Recipe[Image],
    x_input: AxisInput = "",
    x_values: AxisValues = "",
    y_input: AxisInput = "",
    y_values: AxisValues = "",
    share_batches: bool = True,
    labels: bool = True,
    context: Context,
) -> Plot | Expand:
    """Make the picture once for each pair of values on two axes, and lay the pictures out in a grid.

    Steps that are alike in several cells run once; cells that are done are shown while the others run.

    Args:
        image: The picture to make; any constant of the nodes above can be put on an axis.
        x_input: What changes from column to column, as Title.input or id.input: KSampler.steps.
        x_values: Its values, one a line or between commas: 1, 2, 5 or 1..5 or 0..1 step 0.25, or as A1111
            writes them, 1-9 (+2) or 0-1 [5]; empty is one column.
        y_input: What changes from row to row.
        y_values: Its values; empty is one row.
        share_batches: Let the samplers of the cells share batches: faster, and the last bits change.
        labels: Write the values over the columns and beside the rows.

    Returns:
        grid: All cells in one picture.
        cells: The picture of each cell, row by row.
    """
    link = context.graph.nodes[context.node].inputs["image"]
    assert isinstance(link, Link)
    texts = {"x_input": x_input, "x_values": x_values, "y_input": y_input, "y_values": y_values}
    return plotted(context, link, texts, share=share_batches, labels=labels)


@node("ShareBatches", category="grid", label="Share Batches", facts=passed("model"))
def share_batches(*, model: Model) -> Model:
    """Let the samplers of this model go in one batch with others that may: faster together, and the last bits change.

    Args:
        model: The model.
    """
    return replace(model, share=True)


@node("GridCell", kind="sink", runs_on="io", category="grid", label="Grid Cell")
def grid_cell(*, image: list[Image] | None = None, reason: Telling | None = None, context: Context) -> Cell:
    """One cell of an XY Plot: pass its picture on and show it.

    Args:
        image: The picture; several of one size become one batch.
        reason: Why there is no picture; it is drawn instead.

    Returns:
        image: The picture.
        reason: Why there is no picture; empty where there is one.
    """
    import torch

    if reason is not None:
        from engine.drawing.card import card

        drawn = Image(card(str(reason), CARD, CARD)[None])
        gap = {"cell": context.node.rpartition(".")[2], "reason": str(reason), "telling": reason.plain()}
        return Cell(drawn, str(reason), Ui({**preview_image(images=drawn, context=context), "gaps": [gap]}))
    if not image or len({tuple(i.shape[1:]) for i in image}) > 1:
        raise Told("The cell has no picture, or pictures of several sizes; give one picture for each cell.")
    picture = image[0] if len(image) == 1 else Image(torch.cat([*image]))
    return Cell(picture, "", preview_image(images=picture, context=context))


@node("GridLabels", kind="sink", category="grid", label="Grid Labels")
def grid_labels(*, columns: list[str], rows: list[str]) -> Ui:
    """Tell what the columns and rows of a grid are called, before its first cell is done.

    Args:
        columns: The label of each column.
        rows: The label of each row.
    """
    return Ui({"grid": [{"columns": [*columns], "rows": [*rows]}]})


@node("GridPicture", category="grid", label="Grid Picture")
def grid_picture(
    *,
    cells: list[Image],
    columns: Annotated[int, Range(1, MOST_CELLS)] = 1,
    column_labels: list[str] | None = None,
    row_labels: list[str] | None = None,
    reasons: list[str] | None = None,
) -> Image:
    """Lay out the cells of an XY Plot in one picture; cells of a very large grid are made smaller.

    Args:
        cells: The pictures, row by row; the pictures of a batch stand side by side in their cell.
        columns: Cells in a row.
        column_labels: Text over the columns.
        row_labels: Text beside the rows.
        reasons: Of each cell why it has no picture, empty where it has one; it is written in its place.
    """
    from engine.drawing.grid import grid

    whole = [batch[0] if len(batch) == 1 else grid([*batch], len(batch))[0] for batch in cells]
    tops, sides, why = list(column_labels or ()), list(row_labels or ()), list(reasons or ())
    readable = READABLE if any((*tops, *sides, *why)) else 0
    return Image(grid(_with_gaps(whole, why, columns, readable), columns, (), sides, tops))


def _with_gaps(pictures: Sequence[Tensor], reasons: Sequence[str], columns: int, at_least: int) -> list[Tensor]:
    """The pictures in the size that they have in a grid, and a card of that size where there is a reason instead."""
    from engine.drawing.card import card
    from engine.drawing.pixels import enlarged

    why = [*reasons, *[""] * len(pictures)][: len(pictures)]
    made = [picture for picture, reason in zip(pictures, why, strict=True) if not reason]
    shown = [enlarged(picture, at_least) for picture in _smaller(made, columns, len(pictures))]
    height, width = (max((p.shape[side] for p in shown), default=CARD) for side in (0, 1))
    rest = iter(shown)
    return [card(reason, width, height) if reason else next(rest) for reason in why]


class PlotError(Told):
    """A grid that cannot be made; `input` is the input of the XY Plot to mend."""

    def __init__(self, sentence: str, input: str, /, **values: Any) -> None:
        super().__init__(sentence, **values)
        self.input = input


TEXTS = ("x_input", "x_values", "y_input", "y_values")


def axes_of(
    graph: Graph, definitions: Definitions, end: Link, texts: Mapping[str, str], library: Library | None = None
) -> Axes:
    """The axes that the inputs of an XY Plot name; raises PlotError."""
    reached = above(graph, end.node)
    found = []
    for way in "xy":
        try:
            target, values = texts[f"{way}_input"], texts[f"{way}_values"]
            found.append(axis(graph, definitions, reached, target, values, library))
        except AxisError as error:
            raise PlotError("{reason}", f"{way}_{error.part}", reason=error.telling) from None
    x, y = found
    if x is not None and y is not None:
        if (x.node, x.input) == (y.node, y.input):
            raise PlotError(
                "both axes change {target}; choose another input for one of them.",
                "y_input",
                target=texts["x_input"].strip(),
            )
        if len(x.values) * len(y.values) > MOST_CELLS:
            raise PlotError(
                "the grid would have {columns} × {rows} = {count} cells, and {most} are the most; take fewer values.",
                "y_values",
                columns=len(x.values),
                rows=len(y.values),
                count=f"{len(x.values) * len(y.values):,}",
                most=MOST_CELLS,
            )
    return (x, y)


def plotted(context: Context, end: Link, texts: Mapping[str, str], *, share: bool, labels: bool) -> Expand:
    """The graph of all cells, and what lays them out."""
    graph = context.graph
    try:
        axes = axes_of(graph, context.definition, end, texts)
    except PlotError as error:
        raise PlotError("input {input}: {reason}", error.input, input=error.input, reason=error.telling) from None
    types = {id: context.definition(id) for id in above(graph, end.node)}
    guiders = [id for id, d in types.items() if share and _takes_model(d) and _gives(d, Guider)]
    made = cells(graph, end, axes, guiders, context.node)
    if len(made.nodes) > MOST_STEPS:
        raise PlotError(
            "its cells would have {nodes} nodes, and {most} are the most; take fewer values.",
            "x_values",
            nodes=f"{len(made.nodes):,}",
            most=f"{MOST_STEPS:,}",
        )
    named = {graph.nodes[id].type: d for id, d in types.items()}
    tops, sides = ([""] if a is None else [*a.labels] for a in axes)
    shown = {
        f"cell.x{i % len(tops)}y{i // len(tops)}": Node("GridCell", {"image": value})
        for i, value in enumerate(made.values)
    }
    joins = joined([Link(id, 0) for id in shown])
    reasons = _renamed(joined([Link(id, 1) for id in shown]), "reasons")
    all_cells, all_reasons = (Link(next(reversed(each)), 0) for each in (joins, reasons))
    told = {"columns": Const(tops), "rows": Const(sides)}
    laid: dict[str, Arg] = {"cells": all_cells, "columns": Const(len(tops)), "reasons": all_reasons}
    laid |= {"column_labels": Const(tops), "row_labels": Const(sides)} if labels else {}
    whole = {
        "labels": Node("GridLabels", told),
        **(_shared(made.nodes, named) if share else made.nodes),
        **shown,
        **joins,
        **reasons,
    }
    names = [", ".join(filter(None, (top, side))) or "the picture" for side in sides for top in tops]
    return Expand(
        Graph({**whole, "picture": Node("GridPicture", laid)}),
        (Link("picture", 0), all_cells),
        spared=dict(zip(shown, names, strict=True)),
    )


def _renamed(nodes: Mapping[NodeId, Node], stem: str) -> dict[NodeId, Node]:
    """The nodes with ids that begin with `stem`, the links among them too."""

    def moved(arg: Arg) -> Arg:
        return Link(f"{stem}.{arg.node}", arg.output) if isinstance(arg, Link) and arg.node in nodes else arg

    return {
        f"{stem}.{id}": replace(node, inputs={name: moved(arg) for name, arg in node.inputs.items()})
        for id, node in nodes.items()
    }


def _takes_model(definition: NodeDef | None) -> list[str]:
    """The inputs of a node that uses a model, rather than giving another."""
    if definition is None or _gives(definition, Model):
        return []
    return [s.name for s in definition.inputs if s.type is Model]


def _gives(definition: NodeDef | None, kind: type) -> bool:
    return definition is not None and any(s.type is kind for s in definition.outputs)


def _shared(nodes: Mapping[NodeId, Node], types: Mapping[str, NodeDef | None]) -> dict[NodeId, Node]:
    """The nodes with a ShareBatches before each model that one of them samples with."""
    added: dict[Link, NodeId] = {}
    laid: dict[NodeId, Node] = {}
    for id, copy in nodes.items():
        inputs = dict(copy.inputs)
        for name in _takes_model(types.get(copy.type)):
            if isinstance(link := inputs.get(name), Link):
                inputs[name] = Link(added.setdefault(link, f"share{len(added)}"), 0)
        laid[id] = replace(copy, inputs=inputs)
    return laid | {id: Node("ShareBatches", {"model": link}) for link, id in added.items()}


def _smaller(pictures: Sequence[Tensor], columns: int, cells: int) -> list[Tensor]:
    """The pictures, all made smaller by one factor if their grid, of so many cells, would be too large."""
    import torch

    if not pictures:
        return []
    height, width = (max(p.shape[side] for p in pictures) for side in (0, 1))
    across, down = width * columns, height * math.ceil(cells / columns)
    factor = min(1.0, LARGEST_SIDE / max(across, down), math.sqrt(LARGEST_PICTURE / (across * down)))
    if factor == 1.0:
        return [*pictures]
    sizes = [(max(1, int(p.shape[0] * factor)), max(1, int(p.shape[1] * factor))) for p in pictures]
    return [
        torch.nn.functional.interpolate(p.movedim(-1, 0)[None], size, mode="area")[0].movedim(0, -1)
        for p, size in zip(pictures, sizes, strict=True)
    ]
