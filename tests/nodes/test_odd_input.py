"""Every node with values that a graph can bring and that fit badly: it takes them, or says why not in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

from engine.diffusion.traces import Trace
from engine.diffusion.types import Cond, Conditioning, Image, Latent, Mask, Sigmas, Tokens
from engine.graph.sockets import Socket, members
from engine.graph.told import Told
from engine.run.readers import unsound
from nodes.loaders import Checkpoint
from tests.nodes.desk import Desk, call
from tests.nodes.test_guard import EXAMPLES, LOOP, REGISTRY, noise

NAN = float("nan")
BLANK = Tokens(((49406, *[49407] * 76),), ((1.0,) * 77,))


def prompt(*embeds: int, pooled: int = 64) -> Conditioning:
    return Conditioning((Cond(noise(*embeds), noise(embeds[0], pooled)),))


ODD: Mapping[Any, Mapping[str, Callable[[Any], Any]]] = {
    Image: {
        "of another size, several, with transparency": lambda old: noise(3, 5, 7, 4).sigmoid(),
        "of a pixel that is no number": lambda old: torch.full((1, 1, 1, 3), NAN),
    },
    Mask: {
        "of another size, several": lambda old: noise(3, 5, 7).sigmoid(),
        "of a pixel that is no number": lambda old: torch.full((1, 1, 1), NAN),
        "black": lambda old: torch.zeros(1, 9, 9),
    },
    Latent: {
        "of another family": lambda old: Latent(noise(1, 16, 2, 3)),
        "of another size, several, with more masks": lambda old: Latent(
            noise(3, 4, 3, 5), torch.ones(5, 9, 9), (7,) * 3
        ),
        "with what is no number": lambda old: Latent(torch.full((1, 4, 4, 4), NAN)),
    },
    Conditioning: {
        "empty": lambda old: Conditioning(()),
        "of another encoder": lambda old: prompt(1, 77, 32, pooled=32),
        "of several pictures": lambda old: prompt(3, 77, 64),
        "of one token": lambda old: prompt(1, 1, 64),
        "in no place": lambda old: Conditioning(
            (replace(prompt(1, 77, 64)[0], mask=torch.zeros(1, 9, 9), within_mask=True),)
        ),
    },
    Sigmas: {
        "none": lambda old: torch.zeros(0),
        "one": lambda old: torch.tensor([2.0]),
        "rising": lambda old: torch.tensor([0.0, 1.0, 2.0]),
        "below zero": lambda old: torch.tensor([1.0, -1.0]),
        "no number": lambda old: torch.tensor([3.0, NAN, 0.0]),
    },
    Tokens: {"without a word": lambda old: BLANK},
    Trace: {"without a step": lambda old: old and replace(old, steps=())},
    str: {"empty": lambda old: "", "odd": lambda old: "(((a fox [b:c: \0 🦊 <lora:x:y> %date:% {"},
}


def odd(socket: Socket, old: Any) -> Iterator[tuple[str, Any]]:
    """Values for an input that its own constraints let pass, each with what is odd about it."""
    for type in members(socket.type):
        for what, make in ODD.get(type, {}).items():
            value = make(old)
            if not any(constraint.complaint(value) for constraint in socket.constraints):
                yield what, [value] if socket.is_list else value
    if socket.is_list:
        yield "an empty list", []


def test_odd_values_are_ones_that_a_node_may_return() -> None:
    for type, values in ODD.items():
        for make in values.values():
            assert type is Trace or unsound(type, make(None)) is None


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_odd_input_is_taken_or_refused_in_a_sentence(name: str, context: Desk, parts: Checkpoint) -> None:
    definition = REGISTRY[name]
    context.graph = LOOP
    injected = {definition.context: context} if definition.context else {}
    values = EXAMPLES[name](parts, context)
    for socket in definition.inputs:
        for what, value in odd(socket, values.get(socket.name)):
            try:
                call(definition.fn, **{**values, socket.name: value}, **injected)
            except Told as refused:
                said = str(refused)
                assert said, f"{socket.name} {what}"
                assert "\n" not in said, f"{socket.name} {what}"
            except Exception as error:
                pytest.fail(f"{socket.name} {what}: {type(error).__name__}: {error}")
