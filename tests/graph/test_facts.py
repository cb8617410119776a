"""Facts flow along links before the run, and judges see what does not fit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import pytest

from engine.files import FileProblem, FileRef, Library
from engine.graph import Checked, Facts, File, Graph, Judge, Known, Refused, Registry, check, node, same, sentence

from .kit import Picture, api


def _loaded(known: Known) -> tuple[Facts, ...]:
    return (known.facts("name"),)


def _passed(known: Known) -> tuple[Facts, ...]:
    return (known.facts("first"),)


def _sized(known: Known) -> tuple[Facts, ...]:
    if known["width"] % 8:
        raise Refused("bad_size", {"width": known["width"]}, "width")
    return ({"width": known["width"], "channels": 4},)


def _broken(known: Known) -> tuple[Facts, ...]:
    raise ZeroDivisionError("a\nb")


def _missing(known: Known) -> tuple[Facts, ...]:
    raise FileProblem("unreadable_file", name="x", reason="no")


@node("LoadModel", facts=_loaded)
def load_model(name: Annotated[FileRef, File("checkpoints")]) -> Picture:
    """Loads."""
    return Picture()


@node("Empty", facts=_sized)
def empty(width: int = 512) -> Picture:
    """Empty."""
    return Picture()


@node("Mix", facts=_passed)
def mix(first: Picture, second: Picture, third: Picture | None = None) -> Picture:
    """Mixes."""
    return first


@node("Patch", facts=_passed)
def patch(first: Picture, name: Annotated[FileRef, File("loras")]) -> Picture:
    """Changes."""
    return first


@node("Broken", facts=_broken)
def broken() -> Picture:
    """Its facts fail."""
    return Picture()


@node("Unread", facts=_missing)
def unread() -> Picture:
    """Its facts name a file."""
    return Picture()


@node("Keep", kind="sink")
def keep(picture: Picture) -> None:
    """Keeps."""


REGISTRY = Registry.of(sys.modules[__name__])
JUDGES = (same("wrong_family", "family"), Judge("too_wide", "width", "limit", lambda width, limit: width <= limit))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    for kind, name in (("checkpoints", "one"), ("checkpoints", "xl"), ("checkpoints", "bad"), ("loras", "xl")):
        path = tmp_path / "models" / kind / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return Library.standard(tmp_path)


def describe(ref: FileRef) -> Facts:
    if ref.name.startswith("bad"):
        raise Refused("unknown_model", {"name": ref.name})
    return {"family": "sdxl" if ref.name.startswith("xl") else "sd1", "limit": 512}


def checked(library: Library, **nodes: Any) -> Checked:
    return check(Graph.from_api(api(**nodes)), REGISTRY, library=library, judges=JUDGES, describe=describe)


def one(name: str = "one") -> tuple[str, dict[str, Any]]:
    return ("LoadModel", {"name": f"{name}.safetensors"})


def test_facts_stay_with_the_steps(library: Library) -> None:
    found = checked(library, l=one(), e=("Empty", {}), m=("Mix", {"first": ["e", 0], "second": ["l", 0]}),
                    k=("Keep", {"picture": ["m", 0]}))  # fmt: skip
    assert not found.problems
    facts = {id: step.facts for id, step in found.plan.steps.items()}
    assert facts["l"] == ({"family": "sd1", "limit": 512},)
    assert facts["m"] == facts["e"] == ({"width": 512, "channels": 4},)
    assert facts["k"] == ()


def test_two_inputs_of_other_families_are_told(library: Library) -> None:
    inputs = {"first": ["a", 0], "second": ["b", 0], "third": ["c", 0]}
    found = checked(library, a=one(), b=one("xl"), c=one(), m=("Mix", inputs), k=("Keep", {"picture": ["m", 0]}))
    told = [(p.code, p.node, p.input, p.args["first"], p.args["expected"], p.args["found"]) for p in found.problems]
    assert told == [("wrong_family", "m", "second", "first", "sd1", "sdxl")]
    assert found.plan.targets == ()
    assert sentence(found.problems[0]) == "Node m (Mix), input second: this is for sdxl, and first is for sd1."


def test_a_file_is_judged_against_what_flows_in(library: Library) -> None:
    found = checked(
        library, a=one(), p=("Patch", {"first": ["a", 0], "name": "xl.safetensors"}), k=("Keep", {"picture": ["p", 0]})
    )
    assert [(p.code, p.input) for p in found.problems] == [("wrong_family", "name")]


def test_one_fact_is_judged_by_another(library: Library) -> None:
    def pair(width: int, order: tuple[str, str]) -> list[tuple[str, str | None]]:
        inputs = {order[0]: ["e", 0], order[1]: ["l", 0]}
        found = checked(
            library, e=("Empty", {"width": width}), l=one(), m=("Mix", inputs), k=("Keep", {"picture": ["m", 0]})
        )
        return [(p.code, p.input) for p in found.problems]

    assert pair(512, ("first", "second")) == []
    assert pair(1024, ("first", "second")) == [("too_wide", "second")]
    assert pair(1024, ("second", "first")) == [("too_wide", "first")]


def test_what_facts_refuse_is_a_problem_and_what_breaks_in_them_a_warning(library: Library) -> None:
    found = checked(
        library,
        a=("Empty", {"width": 511}), ka=("Keep", {"picture": ["a", 0]}),
        b=("Broken", {}), kb=("Keep", {"picture": ["b", 0]}),
        c=one("bad"), kc=("Keep", {"picture": ["c", 0]}),
        d=("Unread", {}), kd=("Keep", {"picture": ["d", 0]}),
    )  # fmt: skip
    assert [(p.code, p.node, p.input, p.severity) for p in found.problems] == [
        ("bad_size", "a", "width", "error"),
        ("facts_failed", "b", None, "warning"),
        ("unknown_model", "c", "name", "error"),
        ("unreadable_file", "d", None, "error"),
    ]
    assert found.plan.targets == ("kb",)
    assert all(sentence(p).isprintable() for p in found.problems)


def test_a_file_is_described_once(library: Library) -> None:
    asked: list[str] = []

    def count(ref: FileRef) -> Facts:
        asked.append(ref.name)
        return {}

    nodes = {f"n{i}": one() for i in range(5)} | {f"k{i}": ("Keep", {"picture": [f"n{i}", 0]}) for i in range(5)}
    check(Graph.from_api(api(**nodes)), REGISTRY, library=library, describe=count)
    assert asked == ["one.safetensors"]
