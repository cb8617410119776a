"""What a picture shows, by a classifier: a number for "it obeys the prompt"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine.diffusion.types import Image
from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.sockets import File, Range
from engine.models.handle import ModelHandle

if TYPE_CHECKING:
    from torch import Tensor


class Scores(NamedTuple):
    """What pictures show, and how likely."""

    text: str
    image: Image
    best: str
    score: float
    ui: Ui


@node("ClassScores", kind="sink", runs_on="device", category="inspect", label="Class Scores")
def class_scores(
    *,
    image: Image,
    classifier_name: Annotated[FileRef, File("classifiers")],
    count: Annotated[int, Range(1, 50)] = 5,
    context: Context,
) -> Scores:
    """Tell what a picture shows, by a classifier that did not take part in making it.

    Args:
        image: The pictures; the middle square of each is looked at.
        classifier_name: A file in models/classifiers; mini-judge knows the 56 things that mini-v1 draws.
        count: How many of the likeliest classes to tell.

    Returns:
        text: The likeliest classes of each picture with their probabilities.
        image: The same as bars, one picture for each.
        best: The likeliest class of the first picture.
        score: Its probability, 0 to 1.
    """
    import torch

    from engine.drawing.plot import bars

    with context.lease(ModelHandle(classifier_name, "classifier", "classifier")) as (classifier,):
        likely: Tensor = classifier.probabilities(image)
        names: tuple[str, ...] = classifier.names
    top = likely.topk(min(count, len(names)))
    found = [
        [(names[index], value) for index, value in zip(indices, values, strict=True)]
        for indices, values in zip(top.indices.tolist(), top.values.tolist(), strict=True)
    ]
    pages = [bars([name for name, _ in row], [value for _, value in row], form="{:.1%}", marked=0) for row in found]
    told = "\n\n".join(_told(row, number, len(found)) for number, row in enumerate(found, 1))
    best, score = found[0][0]
    return Scores(told, Image(torch.cat(pages)), best, score, Ui({"text": [told]}))


def _told(row: list[tuple[str, float]], number: int, count: int) -> str:
    heading = [f"picture {number}:"] if count > 1 else []
    return "\n".join([*heading, *(f"{value:7.2%}  {name}" for name, value in row)])
