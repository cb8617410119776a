"""What the editor must have words for: the names of all built-in nodes, every code that the server tells, and every
sentence of an error that comes with its values.

`python -m tests.web.words` writes it anew; the tests of web/ui hold both languages against it.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import nodes
from engine.graph.define import NodeDef
from engine.graph.explain import WhyCode
from engine.graph.problems import MendKind
from engine.graph.sentences import _LEFT_OUT, _SUBGRAPH_PARTS, _UNTOLD, TABLE, UNFIT
from engine.graph.sockets import Socket
from engine.queue.changes import REASONS
from engine.queue.problems import SENTENCES
from engine.recording.format import RecordingError
from engine.service import errors
from tests.web.told import sentences
from web.answers import Refusal

ROOT = Path(__file__).parents[2]
WORDS = ROOT / "web" / "ui" / "src" / "i18n"
NODES = WORDS / "en" / "nodes.json"
CODES = ROOT / "tests" / "golden" / "editor_codes.json"
TOLD = ROOT / "tests" / "golden" / "told.json"

PROBLEMS: Mapping[str, list[dict[str, Any]]] = {
    "required_input_missing": [{"expected": "INT"}, {"expected": "MODEL"}, {"expected": "*"}, {"expected": "COMBO"}],
    "bad_linked_input": [
        {"reason": "no_node", "source": "9", "output": 0},
        {"reason": "no_output", "source": "9", "source_type": "KSampler", "output": 3, "outputs": ["LATENT"]},
        {"reason": "no_output", "source": "9", "source_type": "SaveImage", "output": 0, "outputs": []},
    ],
    "return_type_mismatch": [
        {"expected": "CLIP", "received": "MODEL", "source": "1", "output": 0, "source_type": "CheckpointLoaderSimple"}
    ],
    "invalid_input_type": [{"value": "x", "expected": "INT"}, {"value": None, "expected": "FLOAT"}],
    "value_smaller_than_min": [{"value": 0, "min": 1}],
    "value_bigger_than_max": [{"value": 101, "max": 100.5}],
    "value_not_in_list": [
        {"value": "fats", "options": ["fast", "exact"], "near": ["fast"]},
        {"value": "a.safetensors", "kind": "checkpoints", "folders": ["models/checkpoints"], "near": []},
    ],
    "prompt_no_outputs": [{}],
    "unknown_target": [{"target": "77"}, {"target": "Svae", "near": ["Save"]}],
    "missing_node_type": [{"type": "Foo"}, {"type": "Foo", "pack": "foo-pack"}, {"type": "Foo", "pack": "comfy-core"}],
    "unknown_input": [{"near": ["steps"]}],
    "dependency_cycle": [{"nodes": ["1", "2"]}],
    "not_digestible": [{"reason": "a value that cannot be compared"}],
    "wrong_family": [{"found": "sdxl", "first": "model", "expected": "sd1"}],
    "wrong_channels": [{"found": 16, "first": "vae", "expected": 4}],
    "wrong_beside": [
        {"found": 0, "first": "model", "expected": 1},
        {"found": 1, "first": "model", "expected": 5},
        {"found": 0, "first": "model", "expected": 3},
    ],
    "picture_too_large": [{"width": 20000, "height": 9000, "limit": 16384}],
    "bad_blocks": [{"entry": "input x"}],
    "unknown_embedding": [{"name": "ink"}, {"name": "ink", "near": ["inks"]}],
    "bad_embedding": [{"name": "ink.pt", "reason": "ink.pt is not a PyTorch model file, or it is damaged."}],
    "too_large_for_memory": [{"needs": 9 * 2**30, "budget": 700 * 2**20}],
    "missing_part": [{"found": "a.safetensors has no text encoder."}],
    "bad_model_file": [{"name": "a.safetensors", "reason": "a.safetensors is damaged."}],
    "bad_axis": [{"reason": "both axes change KSampler.cfg; choose another input for one of them."}],
    "exception_during_validation": [{"reason": "ValueError: no"}],
    "facts_failed": [{"reason": "ValueError: no"}],
    "invalid_prompt": [
        {"reason": "no_class_type"},
        {"reason": "inputs_not_an_object"},
        {"reason": "not_an_object"},
    ],
    "ui_format": [{}],
    "bad_json": [{"reason": "encoding", "at": 7}, {"reason": "syntax", "text": "Expecting", "line": 3, "column": 4}],
    "bad_number": [{"reason": "finite", "value": "NaN"}, {"reason": "range", "value": "99999999999999999999"}],
    "bad_text": [{}],
    "bad_value": [{"found": "set"}],
    "bad_id": [{"id": "", "limit": 1000}],
    "duplicate_id": [{"id": "3"}],
    "duplicate_key": [{"key": "inputs"}],
    "too_deep": [{"limit": 64}],
    "too_many_nodes": [{"limit": 10000}],
    "file_too_large": [{"size": "70 MiB", "limit": "64 MiB"}],
    "missing_subgraph": [{"subgraph": "refine"}],
    "invalid_subgraph": [{"subgraph": "refine", "reason": reason} for reason in _SUBGRAPH_PARTS],
    "subgraph_recursion": [{"subgraph": "a", "chain": ["a", "b", "a"]}],
    "lora_tag": [{"tags": ["<lora:a:1>"]}],
    "widgets_missing": [{"names": ["steps", "cfg"]}],
    "widgets_left": [{"left": 2}],
    "widgets_misfit": [{"found": 3, "expected": 5}],
    "lost_link": [{"through": "Reroute"}, {"through": "GetNode", "name": "model"}],
    "too_tangled": [{}],
    "left_out": [{"reason": reason} for reason in _LEFT_OUT],
    "ambiguous_broadcast": [{"sources": ["3", "4"]}],
    "bad_pattern": [{"pattern": "(["}],
    "values_dropped": [{"count": 2}],
    "not_translated": [{"name": "Hires", "value": "x", "reason": reason} for reason in _UNTOLD],
    "bad_file_name": [{"name": "../x", "reason": reason} for reason in UNFIT],
    "file_changed": [{"name": "a.safetensors", "kind": "checkpoints"}],
    "unreadable_file": [{"name": "a.png", "reason": "Permission denied"}],
    "bad_model_paths": [{"name": "extra.yaml", "reason": "no such folder"}],
}
"""Args of each code of a problem, one for each of its sentences."""

MENDS: Mapping[MendKind, list[dict[str, Any]]] = {
    "set": [{"value": 1}],
    "choose": [{"options": ["fast", "exact"]}, {"options": []}],
    "connect": [{"type": "MODEL", "sources": [["1", 0], ["2", 0]]}, {"type": "INT", "sources": []}],
    "disconnect": [{}],
    "remove": [{}],
    "rename": [{"to": "steps"}],
    "retype": [{"options": ["KSampler"]}],
    "insert": [{"type": "KSampler", "inputs": {}}],
}

WHYS: Mapping[WhyCode, dict[str, Any]] = {
    "hit": {},
    "volatile": {},
    "new": {},
    "retyped": {"type": "KSampler"},
    "changed": {"inputs": ["seed", "steps"]},
    "above": {"nodes": ["3", "4", "5"]},
    "salt": {},
    "gone": {},
}

ELSEWHERE = ("unreadable_workflow", "method_not_allowed", "refused")
"""Codes of refusals that stand in a table or a variable."""


def names() -> str:
    """Labels and helps of the built-in nodes, as the English words of the editor."""
    registry = nodes.registry()
    parts = {part for name in registry for part in registry[name].category.split("/")}
    told = {
        "types": {name: _node(registry[name]) for name in sorted(registry)},
        "categories": {part: _spaced(part) for part in sorted(parts)},
    }
    return _text(told)


def _node(d: NodeDef) -> dict[str, Any]:
    told: dict[str, Any] = {"label": d.label, "help": d.help}
    for side, sockets in (("inputs", d.inputs), ("outputs", d.outputs)):
        if sockets:
            told[side] = {s.name: _socket(s, _spaced(s.name) if side == "inputs" else s.name) for s in sockets}
    return told


def _socket(s: Socket, label: str) -> dict[str, str]:
    return {"label": label, "help": s.help} if s.help else {"label": label}


def _spaced(name: str) -> str:
    return name.replace("_", " ").strip()


def codes() -> str:
    """Every code with args as an example, and for what has none its name."""
    told = {
        "problem": {code: _numbered(PROBLEMS[code]) for code in TABLE},
        "mend": {kind: _numbered(MENDS[kind]) for kind in get_args(MendKind)},
        "why": {code: WHYS[code] for code in get_args(WhyCode)},
        "refusal": dict.fromkeys(sorted(set(refusals())), ""),
        "job": dict.fromkeys(["step_failed", *REASONS], ""),
    }
    return _text(told)


def told() -> str:
    """Every sentence of an error or a warning that is told with its values."""
    return _text(sentences())


def _numbered(examples: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(i): args for i, args in enumerate(examples)}


def refusals() -> Iterator[str]:
    """The codes of all answers that are refusals: those written where they are raised, and those of tables."""
    yield from ELSEWHERE
    yield from SENTENCES
    kinds: list[type[errors.ServiceProblem]] = [errors.ServiceProblem, *errors.ServiceProblem.__subclasses__()]
    yield from (kind.code for kind in kinds)
    for path in [*(ROOT / "web").rglob("*.py"), *(ROOT / "engine" / "recording").glob("*.py")]:
        if "ui" not in path.parts:
            yield from _raised(ast.parse(path.read_text(encoding="utf-8")))


def _raised(tree: ast.AST) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _MAKERS:
            found = call.args[_MAKERS[call.func.id] :][:1]
            yield from (a.value for a in found if isinstance(a, ast.Constant) and isinstance(a.value, str))


_MAKERS = {Refusal.__name__: 1, "_answer": 1, RecordingError.__name__: 1}
"""What makes an answer that refuses, and which of its arguments is the code."""


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    NODES.write_text(names(), encoding="utf-8")
    CODES.write_text(codes(), encoding="utf-8")
    TOLD.write_text(told(), encoding="utf-8")
