"""The tensors of a file for each parameter of a network, and what is told where one is missing or of another shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from engine.graph.told import Telling
from engine.models.header import ModelFileError, Shape


def gathered(
    file: str, what: Telling | str, module: nn.Module, find: Callable[[str], Tensor | None]
) -> Mapping[str, Tensor]:
    """`find` asked for every parameter of `module`; raises ModelFileError naming the `file` and `what` it should be."""
    found = {name: find(name) for name, _ in module.named_parameters()}
    missing = [name for name, tensor in found.items() if tensor is None]
    if missing:
        some = ", ".join(f'"{name}"' for name in missing[:3])
        raise ModelFileError(
            "{name} lacks {count} of the {all} tensors of {what}, such as {some}.",
            name=file,
            count=len(missing),
            all=len(found),
            what=what,
            some=some,
        )
    for name, parameter in module.named_parameters():
        tensor = found[name]
        if tensor is not None and _bare(tuple(tensor.shape)) != _bare(tuple(parameter.shape)):
            raise ModelFileError(
                '{name}: "{tensor}" has shape {shape}, not {wanted}.',
                name=file,
                tensor=name,
                shape=str(list(tensor.shape)),
                wanted=str(list(parameter.shape)),
            )
    return {name: tensor for name, tensor in found.items() if tensor is not None}


def _bare(shape: Shape) -> Shape:
    """A shape without ones: 1×1 convolutions and linear layers hold the same numbers."""
    return tuple(size for size in shape if size != 1)
