"""How nodes, notes and groups of ComfyUI's UI format look, in the words of our file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.compat.ui_read import BYPASSED, MUTED, UiNode, mapping, pair, text

MODES = {MUTED: "mute", BYPASSED: "bypass"}
NAME_PROPERTY = "Node name for S&R"


def look(node: UiNode) -> dict[str, Any]:
    """`_meta` of a node: title, place, size, colours, mode, labels of inputs, where its models come from."""
    flags = mapping(node.raw.get("flags"))
    meta: dict[str, Any] = {"title": node.title} if node.title else {}
    meta |= placed(node.raw)
    meta |= {name: True for name in ("collapsed", "pinned") if flags.get(name) is True}
    meta |= {name: value for name in ("color", "bgcolor") if (value := text(node.raw.get(name)))}
    meta |= {"mode": MODES[node.mode]} if node.mode in MODES else {}
    labels = {s.name: s.label for s in node.inputs if s.label and s.label != s.name}
    meta |= {"labels": labels} if labels else {}
    models = node.properties.get("models")
    return meta | ({"models": models} if isinstance(models, list) and models else {})


def origin(node: UiNode) -> dict[str, Any]:
    """What `_meta` keeps of a node whose type is unknown here: its pack, its slots, its properties."""
    meta: dict[str, Any] = {"pack": pack} if (pack := pack_of(node)) else {}
    meta["slots"] = {
        "inputs": [[s.widget or s.name, s.type] for s in node.inputs],
        "outputs": [[s.name, s.type] for s in node.outputs],
    }
    rest = {k: v for k, v in node.properties.items() if k != "models" and (k != NAME_PROPERTY or v != node.type)}
    return meta | ({"properties": rest} if rest else {})


def pack_of(node: UiNode) -> str:
    """The pack that a node's type came with: its name in the registry of packs, else its repository."""
    return text(node.properties.get("cnr_id")) or text(node.properties.get("aux_id"))


def note(node: UiNode) -> dict[str, Any]:
    """A note: its text, whether that is Markdown, and how it looks."""
    values = list(node.values) if isinstance(node.values, list) else list(node.values.values())
    written = next((v for v in values if isinstance(v, str)), text(node.properties.get("text")))
    found = look(node) | {"text": written or node.title}
    return found | ({"markdown": True} if node.type == "MarkdownNote" else {})


def group(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A frame on the canvas."""
    bounds = raw.get("bounding")
    place = {"pos": bounds[:2], "size": bounds[2:4]} if isinstance(bounds, list) else {}
    found: dict[str, Any] = {"title": text(raw.get("title"))} | placed(place)
    found |= {"color": color} if (color := text(raw.get("color"))) else {}
    size = raw.get("font_size")
    found |= {"font_size": size} if type(size) in (int, float) else {}
    pinned = raw.get("locked") is True or mapping(raw.get("flags")).get("pinned") is True
    return found | ({"pinned": True} if pinned else {})


def placed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Place and size, where they are numbers."""
    return {name: value for name in ("pos", "size") if (value := pair(raw.get(name))) is not None}
