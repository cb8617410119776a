"""Names for values that ComfyUI's files keep by position, those that only its editor has among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.compat.ui_read import UiNode, mapping
from engine.graph.define import NodeDef
from engine.graph.sockets import PLAIN, Socket

CONTROL = "control_after_generate"
CONTROLS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
"""What an editor does to a seed after a run."""

SEEDS = ("seed", "noise_seed")
UPLOADS = ("image", "video", "audio", "upload", "choose file to upload")
"""What stands in the place of an upload button."""

OURS: Mapping[str, tuple[str, ...]] = {
    "LoraLoader": ("blocks",),
    "LoraLoaderModelOnly": ("blocks",),
    "RandomNoise": ("noise_source",),
}
"""Inputs that node types of ComfyUI have here only; they stand last."""

EDITOR_ONLY = (CONTROL, "control_filter_list", "upload", "audioUI", "videopreview", "$$canvas-image-preview")
"""Widgets that no server is told of."""


@dataclass(frozen=True, slots=True)
class Widget:
    """What may stand in a list of values: a name, whether a control or an upload button may follow, its type if known.

    `button` and `control` say that one is expected; any whole number may have a control all the same.
    """

    name: str
    control: bool = False
    button: bool = False
    type: Any = None
    ours: bool = False
    """Whether the node type has it here only, so that a file of ComfyUI has no value for it."""


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a node by name.

    Args:
        control: what becomes of which seed after a run. aside: the file's own list, where it has more than was named.
        problem: code and args of what did not fit.
    """

    named: Mapping[str, Any] = field(default_factory=dict)
    control: Mapping[str, str] = field(default_factory=dict)
    aside: Any = None
    problem: tuple[str, Mapping[str, Any]] | None = None


def values_of(node: UiNode, definition: NodeDef | None) -> Values:
    """The node's values by name: as the file names them, else by the order of its own inputs or of the definition."""
    given = named_values(node)
    if given is not None:
        return _by_name(given)
    values = list(node.values)
    if not values:
        return Values()
    own = own_widgets(node)
    defined = [] if definition is None else defined_widgets(definition)
    if defined and own and {w.name for w in own} <= {w.name for w in defined}:
        told = {w.name: w for w in defined}
        own = [told[w.name] for w in own]
    for widgets in (own, defined, [w for w in defined if not w.ours]):
        if widgets and (layout := laid_out(widgets, values)) is not None:
            return _placed(layout, values)
    if not defined:  # of an unknown type, or what the editor shows in a node without inputs to type in
        return Values(aside=values)
    return _partly(defined, values)


def named_values(node: UiNode) -> Mapping[str, Any] | None:
    """The node's values where the file names them.

    Where it has both, names and a list, the list counts: that is what ComfyUI reads and what people edit by hand.
    """
    if isinstance(node.values, dict):
        return node.values
    if len(node.values) == len(node.named):
        return dict(zip(node.named, node.values, strict=True)) or None
    return node.named if not node.values else None


def own_widgets(node: UiNode) -> list[Widget]:
    """The widgets that the file names among the node's inputs: all of them in files of some years, else the linked."""
    return [Widget(s.widget, s.widget in SEEDS, False) for s in node.inputs if s.widget is not None]


def defined_widgets(definition: NodeDef) -> list[Widget]:
    """The widgets of a node type, in order."""
    ours = OURS.get(definition.name, ())
    return [_widget(socket, socket.name in ours) for socket in definition.inputs if socket.typed_in]


def _widget(socket: Socket, ours: bool) -> Widget:
    seed = socket.name in SEEDS or (socket.widget is not None and socket.widget.name == "seed")
    upload = socket.file is not None and socket.file.kind == "input"
    return Widget(socket.name, seed, upload, str if socket.wire == "COMBO" else socket.type, ours)


def laid_out(widgets: Sequence[Widget], values: Sequence[Any]) -> list[tuple[str, str]] | None:
    """What each value is, as (name, part): part is "" for the value itself, "control" or "button"; None: no fit."""
    layout: list[tuple[str, str]] = []
    spare = len(values) - len(widgets)
    for widget in widgets:
        if len(layout) >= len(values):
            return None
        layout.append((widget.name, ""))
        following = values[len(layout)] if len(layout) < len(values) else None
        part = _extra(widget, values[len(layout) - 1], following) if spare > 0 else ""
        if part:
            layout.append((widget.name, part))
            spare -= 1
    return layout if len(layout) == len(values) else None


def _extra(widget: Widget, value: Any, following: Any) -> str:
    """What the value that follows is, if it is not the next widget's."""
    if following in CONTROLS and isinstance(following, str) and (widget.control or type(value) is int):
        return "control"
    if widget.control and isinstance(following, bool):
        return "control"
    button = following in UPLOADS if isinstance(following, str) else mapping(following).get("type") == "button"
    return "button" if button and isinstance(value, str) and widget.type in (None, str) else ""


def _placed(layout: Sequence[tuple[str, str]], values: Sequence[Any]) -> Values:
    pairs = [(place, v) for place, v in zip(layout, values, strict=True)]
    named = {name: v for (name, part), v in pairs if not part and v is not None and name not in EDITOR_ONLY}
    return Values(named, {name: control_of(v) for (name, part), v in pairs if part == "control"})


def control_of(value: Any) -> str:
    """A control by name; old files say true for "randomize"."""
    return value if isinstance(value, str) and value in CONTROLS else "randomize" if value is True else "fixed"


def _by_name(given: Mapping[str, Any]) -> Values:
    named: dict[str, Any] = {}
    control: dict[str, str] = {}
    last = ""
    for name, value in given.items():
        if name == CONTROL or (name in CONTROLS and value in CONTROLS):
            control |= {last: control_of(value)} if last else {}
        elif name not in EDITOR_ONLY and value is not None:
            named[name] = value
            last = name if type(value) is int else last
    return Values(named, control)


def _partly(widgets: Sequence[Widget], values: list[Any]) -> Values:
    """Where the counts differ: what stands in front is used as long as all of it is of the right type."""
    layout: list[tuple[str, str]] = []
    for widget in widgets:
        if len(layout) >= len(values):
            break
        layout.append((widget.name, ""))
        part = _extra(widget, values[len(layout) - 1], values[len(layout)] if len(layout) < len(values) else None)
        layout += [(widget.name, part)] if part else []
    layout = layout[: len(values)]
    types = {w.name: w.type for w in widgets}
    told = {name for name, part in layout if not part}
    if not all(_plausible(v, types[name]) for (name, part), v in zip(layout, values, strict=False) if not part):
        args = {"found": len(values), "expected": len(widgets)}
        return Values(aside=values, problem=("widgets_misfit", args))
    placed = _placed(layout, values[: len(layout)])
    missing = tuple(w.name for w in widgets if w.name not in told)
    if missing:
        return Values(placed.named, placed.control, problem=("widgets_missing", {"names": missing}))
    left = len(values) - len(layout)
    return Values(placed.named, placed.control, values, ("widgets_left", {"left": left}))


def _plausible(value: Any, kind: Any) -> bool:
    """Whether a value can be meant for this type; nothing is said of types that are not plain."""
    if value is None or kind not in PLAIN:
        return True
    if kind is bool:
        return isinstance(value, bool)
    if kind is str:
        return isinstance(value, str)
    return type(value) in (int, float) or (isinstance(value, str) and value.lstrip("-").isdigit())
