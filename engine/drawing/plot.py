"""Plots as pictures.  They are drawn on canvases of their own: matplotlib's global state is never touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.drawing.label import font_file, plain
from engine.drawing.pixels import FAINT, INK, PAPER, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor

WIDTH, HEIGHT = 640, 420
INCHES = 4.0
"""Width of every figure; text of 10 points is then 11 pixels high where the figure is shown 320 pixels wide."""
LONGEST_NAME = 28
UNKNOWN = "□"
TWO_BESIDE = 18
"""Names of lines of at most so many letters stand two in a row."""

_turn = Lock()
"""Matplotlib's fonts and text layout are shared by all figures, and nodes run in several threads."""


class Curve(NamedTuple):
    """A line of a plot."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    dots: bool = False
    """Whether its points are marked."""
    dashed: bool = False


def figure(draw: Callable[[Axes], None], width: int = WIDTH, height: int = HEIGHT) -> Tensor:
    """A plot as pictures [1, height, width, 3]: `draw` is given the axes; sizes of text are in points, 10 is right."""
    import numpy as np
    import torch
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with _turn:
        dpi = width / INCHES
        page = Figure(figsize=(INCHES, height / dpi), dpi=dpi, facecolor=PAPER, layout="constrained")
        canvas: Any = FigureCanvasAgg(page)
        axes = page.add_subplot()
        _style(axes)
        draw(axes)
        canvas.draw()
        pixels: Any = np.array(np.asarray(canvas.buffer_rgba())[..., :3], dtype=np.float32)
    return torch.from_numpy(pixels / np.float32(255))[None]


def _style(axes: Axes) -> None:
    axes.set_facecolor(PAPER)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=10)
    axes.grid(visible=True, color=FAINT, alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)


def curves(
    lines: Sequence[Curve], x_name: str = "", y_name: str = "", *, log: bool = False, height: int = HEIGHT
) -> Tensor:
    """Lines in one plot, [1, height, 640, 3]; `log` for a logarithmic y axis, on which zero lies at the lower end."""

    def draw(axes: Axes) -> None:
        for line, colour in zip(lines, SERIES * (1 + len(lines) // len(SERIES)), strict=False):
            style = "--" if line.dashed else "-"
            marker = "o" if line.dots else None
            axes.plot(line.x, line.y, style, color=colour, label=written(line.name), marker=marker, markersize=3.5)
        if all(isinstance(at, int) for line in lines for at in line.x):
            axes.locator_params(axis="x", integer=True)
        if log:
            axes.set_yscale("symlog", linthresh=_smallest(lines))
            axes.set_ylim(bottom=0)
        _names(axes, x_name, y_name)
        if len(lines) > 1 or (lines and lines[0].name):
            legend(axes)

    return figure(draw, height=height)


def _smallest(lines: Sequence[Curve]) -> float:
    return min((y for line in lines for y in line.y if y > 0), default=1.0)


def _names(axes: Axes, x_name: str, y_name: str) -> None:
    axes.set_xlabel(written(x_name), fontsize=10, color=INK)
    axes.set_ylabel(written(y_name), fontsize=10, color=INK)


def legend(axes: Axes) -> None:
    """The names of the lines, above the plot, where they cover nothing."""
    lines, names = axes.get_legend_handles_labels()
    longest = max(map(len, names), default=0)
    beside = 1 if longest > TWO_BESIDE else 2
    page: Any = axes.figure
    page.legend(
        lines, names, fontsize=10, labelcolor=INK, frameon=False, loc="outside upper left", ncols=beside,
        columnspacing=1.0, borderpad=0.2, handlelength=1.6,
    )  # fmt: skip


def bars(names: Sequence[str], values: Sequence[float], *, form: str = "{:.3g}", marked: int | None = None) -> Tensor:
    """Lying bars with their names and numbers, the first at the top: [1, 60 + 44 for each bar, 640, 3].

    Args:
        form: how a number is written. marked: the bar in another colour.
    """

    def draw(axes: Axes) -> None:
        axes.grid(visible=False)
        places = range(len(names))
        colours = [SERIES[1] if index == marked else SERIES[0] for index in places]
        axes.barh(list(places), list(values), color=colours, height=0.7)
        axes.set_yticks(list(places), [_short(name) for name in names])
        axes.invert_yaxis()
        low, high = min([0.0, *values]), max([0.0, *values])
        axes.set_xlim(low * 1.25, (high or 1.0) * 1.25)
        for place, value in zip(places, values, strict=True):
            axes.annotate(form.format(value), (max(value, 0), place), (3, 0), textcoords="offset points", va="center",
                          fontsize=10, color=INK)  # fmt: skip
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)

    return figure(draw, height=60 + 44 * max(1, len(names)))


def _short(name: str) -> str:
    return written(name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…")


def written(name: str) -> str:
    """A name as matplotlib writes it letter by letter: dollars begin no formula, unknown letters are boxes."""
    known = _letters()
    return "".join(letter if ord(letter) in known else UNKNOWN for letter in plain(name)).replace("$", r"\$")


@cache
def _letters() -> frozenset[int]:
    """The letters of the font."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(font_file()).get_charmap())
