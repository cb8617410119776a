"""Problems in English: one sentence each, told from code and args."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from engine.graph.problems import Mend, Problem

Args = Mapping[str, Any]
LONGEST = 80
LONGEST_PATH = 4096  # a path that is cut lacks what matters, its end
LONGEST_REASON = 400
SHOWN = 12


def sentence(problem: Problem) -> str:
    """Where, what, and what to do: "Node 3 (KSampler), input steps: 0 is below the minimum 1; use 1."."""
    place = _place(problem)
    told = tell(problem.code, problem.args)
    mend = _mend(problem.mend, problem.args)
    if mend and mend not in told:
        told = f"{told.rstrip('.')}; {mend.rstrip('?.')}{'?' if mend.endswith('?') else '.'}"
    return f"{place}: {told}" if place else told[:1].upper() + told[1:]


def tell(code: str, args: Args) -> str:
    """What is wrong, without its place."""
    known = TABLE.get(code)
    try:
        return known(args) if known is not None else _unknown(code, args)
    except (KeyError, TypeError, IndexError):
        return _unknown(code, args)


def _unknown(code: str, args: Args) -> str:
    details = ", ".join(f"{k} {show(v)}" for k, v in args.items() if k not in ("type", "near", "options"))
    return f"{code.replace('_', ' ')}{': ' if details else ''}{details}."


def _place(problem: Problem) -> str:
    if problem.node is None:
        return ""
    kind = problem.args.get("type")
    node = f"Node {plain(problem.node)}" + (f" ({plain(kind)})" if kind else "")
    return f"{node}, input {plain(problem.input)}" if problem.input is not None else node


def show(value: Any) -> str:
    """A value as JSON has it, cut where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return plain(text)


def plain(text: Any, longest: int = LONGEST) -> str:
    """Text of a file, safe to print: no control characters, not endless."""
    cut = str(text)[: longest + 1]
    safe = "".join(c if c.isprintable() else "�" for c in cut)
    return safe[:longest] + "…" if len(safe) > longest else safe


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _bytes(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"


def _listed(values: Any) -> str:
    items = [plain(v) for v in values]
    return ", ".join(items[:SHOWN]) + (f" and {len(items) - SHOWN} more" if len(items) > SHOWN else "")


def _choice(a: Args) -> str:
    if "kind" in a:
        return f"there is no file {show(a['value'])} among {plain(a['kind'])} (looked in {_listed(a['folders'])})."
    return f"{show(a['value'])} is not one of {_listed(a['options'])}."


def _linked(a: Args) -> str:
    if a["reason"] == "no_node":
        return f"it is linked to node {plain(a['source'])}, which is not in the graph."
    outputs = f"it has {_listed(a['outputs'])}" if a["outputs"] else "it has none"
    return f"it is linked to output {a['output']} of node {plain(a['source'])} ({a['source_type']}); {outputs}."


def _mismatch(a: Args) -> str:
    return (
        f"it takes {a['expected']}, and output {a['output']} of node {plain(a['source'])} "
        f"({a['source_type']}) gives {a['received']}."
    )


def _no_node(a: Args) -> str:
    return {
        "no_class_type": "this entry is no node: it needs a class_type (the name of a node type).",
        "inputs_not_an_object": "its inputs must be an object of names and values.",
        "not_an_object": "a workflow is a JSON object of nodes by id, and this file holds something else.",
    }[a["reason"]]


def _bad_json(a: Args) -> str:
    if a["reason"] == "encoding":
        return f"the file is not UTF-8 text (byte {a['at']}); is it a workflow at all?"
    return f"the file is not JSON: {a['text']} (line {a['line']}, column {a['column']})."


def _bad_number(a: Args) -> str:
    rule = "numbers must be finite" if a["reason"] == "finite" else "numbers must fit in 64 bits"
    return f"{a['value']} cannot be used; {rule}."


_SUBGRAPH_PARTS = {
    "no_nodes": "it has no nodes",
    "inputs": "its inputs must be a list of objects with a name",
    "widgets": "its widgets must be a list of objects with a name",
    "outputs": "its outputs must be a list of objects with a name",
    "to": 'an input\'s "to" must be a list of [node, input] inside it',
    "from": 'an output\'s "from" must be [node, output] inside it, the name of an input, or null',
}

UNFIT = {
    "empty": "a part of it is empty",
    "long": "it is too long",
    "control": "it holds a control character",
    "absolute": "it must be relative to its folder",
    "colon": "it holds a colon, which on some systems names a drive",
    "backslash": "it holds a backslash",
    "parent": 'it leads out of its folder by ".."',
    "hidden": "it names a hidden file",
    "trailing": "a part of it ends in a dot or a space",
    "device": "on Windows it names a device",
    "link": "a symbolic link in it leads out of its folder",
}
"""Why a name is no file name: what `engine.files.unfit` gives, in words."""

_LEFT_OUT: Mapping[str, str] = {
    "switch": "what it muted or bypassed stays so",
    "mark": "it marks a place on the canvas",
}

_UNTOLD: Mapping[str, str] = {
    "unknown": "means nothing here yet",
    "no_such_name": "is no name that is known here; another is used",
    "no_source": "needs the picture that it was made from, which the text does not hold",
    "no_hash": "names a model that is found here neither by hash nor by name",
    "syntax": "is A1111's own way of writing prompts; here it is read as words",
}


def _beside_other(a: Args) -> str:
    mend = _BESIDE_MENDS.get(a["expected"], "use the model that it was made for")
    expected, found = _beside(a["expected"]), _beside(a["found"])
    return f"{plain(a['first'])} reads {expected} beside the latent, and this brings {found}; {mend}."


_BESIDE: Mapping[int, str] = {0: "nothing", 1: "depth", 5: "mask and picture"}
_BESIDE_MENDS: Mapping[int, str] = {1: "put DepthConditioning before it", 5: "put InpaintModelConditioning before it"}
"""What the channels beside a latent are, by their number, and the node that makes conditionings bring them."""

TABLE: Mapping[str, Callable[[Args], str]] = {
    "required_input_missing": lambda a: f"it needs {_a(a['expected'])} and has no default.",
    "bad_linked_input": _linked,
    "return_type_mismatch": _mismatch,
    "invalid_input_type": lambda a: f"{show(a['value'])} is not {_a(a['expected'])}.",
    "value_smaller_than_min": lambda a: f"{_number(a['value'])} is below the minimum {_number(a['min'])}.",
    "value_bigger_than_max": lambda a: f"{_number(a['value'])} is above the maximum {_number(a['max'])}.",
    "value_not_in_list": _choice,
    "prompt_no_outputs": lambda a: "the graph has no output: add a node that saves or shows something.",
    "unknown_target": lambda a: f"there is no node {plain(a['target'])} in the graph{_near(a)}.",
    "missing_node_type": lambda a: f"there is no such node type here{_pack(a)}.",
    "unknown_input": lambda a: "this node type has no such input; it is left out.",
    "dependency_cycle": lambda a: f"the nodes {_cycle(a['nodes'])} depend on each other.",
    "not_digestible": lambda a: a["reason"],
    "wrong_family": lambda a: _unlike(a, "is for", "is for"),
    "wrong_channels": lambda a: _unlike(a, "has latents of", "has", " channels"),
    "wrong_beside": _beside_other,
    "too_large_for_memory": lambda a: (
        f"its largest step needs about {_bytes(a['needs'])} of memory for models and its work, and the worker has "
        f"{_bytes(a['budget'])} for them; use smaller models or pictures, or a lower precision."
    ),
    "picture_too_large": lambda a: (
        f"the pictures would become {a['width']}×{a['height']} pixels, and {a['limit']} a side is the most; make them "
        "smaller first."
    ),
    "missing_part": lambda a: plain(a["found"], LONGEST_REASON),
    "bad_model_file": lambda a: plain(a["reason"], LONGEST_REASON),
    "bad_axis": lambda a: plain(a["reason"], LONGEST_REASON),
    "exception_during_validation": lambda a: f"it could not be checked ({plain(a['reason'])}).",
    "facts_failed": lambda a: f"what it would give could not be told before the run ({plain(a['reason'])}).",
    "invalid_prompt": _no_node,
    "ui_format": lambda a: (
        "this is a workflow as ComfyUI's editor saves it, which is translated before it is a graph: "
        "read it with engine.workflow.file.opened."
    ),
    "bad_json": _bad_json,
    "bad_number": _bad_number,
    "bad_text": lambda a: "it holds broken text (half of a character).",
    "bad_value": lambda a: f"a {a['found']} is not a JSON value.",
    "bad_id": lambda a: f"{show(a['id'])} cannot be the id of a node: ids are text of 1 to {a['limit']} characters.",
    "duplicate_id": lambda a: f"the id {plain(a['id'])} is used by two nodes.",
    "duplicate_key": lambda a: f"the name {show(a['key'])} stands twice in one object of the file.",
    "too_deep": lambda a: f"it is nested deeper than {a['limit']} levels.",
    "too_many_nodes": lambda a: f"the graph has more than {a['limit']} nodes.",
    "file_too_large": lambda a: f"the file is too large ({a['size']}; the limit is {a['limit']}).",
    "missing_subgraph": lambda a: f"the file does not define the subgraph {plain(a['subgraph'])}.",
    "invalid_subgraph": lambda a: f"the subgraph {plain(a['subgraph'])} is broken: {_SUBGRAPH_PARTS[a['reason']]}.",
    "subgraph_recursion": lambda a: f"the subgraph {plain(a['subgraph'])} contains itself ({_cycle(a['chain'][:-1])}).",
    "bad_blocks": lambda a: (
        f"{show(a['entry'])} is no strength of a block: write names and numbers such as "
        '"input 0.5, middle 1, output_4 0".'
    ),
    "unknown_embedding": lambda a: f"the embedding {plain(a['name'])} was not found in models/embeddings{_near(a)}.",
    "bad_embedding": lambda a: plain(a["reason"], LONGEST_REASON),
    "lora_tag": lambda a: f"{_listed(a['tags'])} in a prompt loads no LoRA here, it is read as words.",
    "widgets_missing": lambda a: f"the file gives no value for {_listed(a['names'])}; the defaults are used.",
    "widgets_left": lambda a: (
        f"the file has {a['left']} values more than this node type has inputs; they are kept aside."
    ),
    "widgets_misfit": lambda a: (
        f"the file's {a['found']} values do not fit this node type's {a['expected']} inputs that are typed in; "
        "none was used, they are kept aside."
    ),
    "lost_link": lambda a: f"its link leads through {_through(a)}, where it ends; the input is left unconnected.",
    "too_tangled": lambda a: "its links lead through so many of the editor's own nodes that they cannot be followed.",
    "left_out": lambda a: f"this node only works in a browser and is left out ({_LEFT_OUT[a['reason']]}).",
    "ambiguous_broadcast": lambda a: f"{_listed(a['sources'])} are broadcast to it with equal right; none is taken.",
    "bad_pattern": lambda a: f"its pattern {show(a['pattern'])} cannot be used here; it reaches nothing.",
    "values_dropped": lambda a: f"{a['count']} numbers or texts of the file cannot be used and are left out.",
    "not_translated": lambda a: f"{show(a['name'])} of the picture's text ({show(a['value'])}) {_UNTOLD[a['reason']]}.",
    "bad_file_name": lambda a: f"{show(a['name'])} cannot be a file name here: {UNFIT[a['reason']]}.",
    "file_changed": lambda a: f"the file {plain(a['name'])} among {plain(a['kind'])} was changed during the run.",
    "unreadable_file": lambda a: f"{plain(a['name'])} cannot be read: {plain(a['reason'])}.",
    "bad_model_paths": lambda a: (
        f"the model folder {plain(a['name'], LONGEST_PATH)} cannot be used: {plain(a['reason'], LONGEST_REASON)}."
    ),
}
"""What each code means, from its args."""


def _beside(count: Any) -> str:
    return _BESIDE.get(count) or f"{count} channels"


def _unlike(a: Args, found: str, expected: str, unit: str = "") -> str:
    return f"this {found} {plain(a['found'])}{unit}, and {plain(a['first'])} {expected} {plain(a['expected'])}{unit}."


def _through(a: Args) -> str:
    named = f" {show(a['name'])}" if a.get("name") else ""
    return f"{plain(a['through'])}{named}"


def _pack(a: Args) -> str:
    if not a.get("pack"):
        return ""
    return (
        "; it is one of ComfyUI's own" if a["pack"] == "comfy-core" else f"; it comes from the pack {plain(a['pack'])}"
    )


def _a(name: str) -> str:
    special = {"*": "a value", "COMBO": "a name of its list"}.get(name)
    return special or f"{'an' if name[:1] in 'AEIO' else 'a'} {name}"


def _near(a: Args) -> str:
    return f"; near: {_listed(a['near'])}" if a.get("near") else ""


def _cycle(nodes: Any) -> str:
    return " → ".join(plain(n) for n in (*nodes[:SHOWN], *(("…",) if len(nodes) > SHOWN else ()), nodes[0]))


def _mend(mend: Mend | None, args: Args) -> str:
    if mend is None:
        return ""
    return _MENDS[mend.kind](mend.args, args)


def _set(m: Args, a: Args) -> str:
    near = a.get("near") or ()
    return f"near: {_listed(near)}" if near else f"use {show(m['value'])}"


def _connect(m: Args, a: Args) -> str:
    sources = [f"{plain(node)} (output {slot})" for node, slot in m["sources"]]
    return f"connect {_a(m['type'])}" + (f", for example from node {' or '.join(sources[:3])}" if sources else "")


_MENDS: Mapping[str, Callable[[Args, Args], str]] = {
    "set": _set,
    "choose": lambda m, a: f"choose {_listed(m['options'])}" if m["options"] else "there is none to choose",
    "connect": _connect,
    "disconnect": lambda m, a: "take one of these links away",
    "remove": lambda m, a: "take it away",
    "rename": lambda m, a: f"did you mean {plain(m['to'])}?",
    "retype": lambda m, a: f"near: {_listed(m['options'])}",
    "insert": lambda m, a: f"put a {plain(m['type'])} before it",
}
