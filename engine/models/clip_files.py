"""Which family the text encoders in files of their own are for.  Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.files import FileRef
from engine.graph.told import all_of, any_of, telling
from engine.models.detect import PART_TITLES
from engine.models.families import CLIP_TYPES, FAMILIES, TEXTS, Inspected
from engine.models.handle import Part
from engine.models.header import ModelFileError

Files = Sequence[tuple[FileRef, Inspected]]


def clip_family(inspected: Inspected, name: str, type_: str) -> str:
    """The family of CLIPLoader's `type_` all of whose text encoders are in the file called `name`.

    Raises ModelFileError where there is none.
    """
    if not any(part in inspected.parts for part in TEXTS):
        raise ModelFileError(
            "{name} has no {missing}: it holds only {there}.",
            name=name,
            missing=PART_TITLES["text"],
            there=[PART_TITLES[part] for part in inspected.parts],
        )
    families = inspected.families or (inspected.family,)
    whole = [family for family in families if set(FAMILIES[family].texts) <= set(inspected.parts)]
    allowed = CLIP_TYPES.get(type_, ())
    if fitting := [family for family in whole if family in allowed]:
        return fitting[0]
    titles = any_of([FAMILIES[family].title for family in families])
    if not whole:
        raise ModelFileError(
            "{name} is one of the two text encoders of {titles}; load both of them with DualCLIPLoader.",
            name=name,
            titles=titles,
        )
    raise ModelFileError(
        '{name} is a text encoder of {title}, not of type "{type}".',
        name=name,
        title=titles,
        type=type_,
    )


def paired(files: Files, family: str) -> Mapping[Part, FileRef]:
    """Which file holds which text encoder of a family of several; raises ModelFileError where one is missing."""
    row = FAMILIES[family]
    found = {part: _holder(files, row.text_width(part)) for part in row.texts}
    missing = [part for part, ref in found.items() if ref is None]
    if missing:
        widths = [telling("{name} has width {width}", name=r.name, width=_widths(inspected)) for r, inspected in files]
        wanted = all_of([telling("one of width {width}", width=row.text_width(part)) for part in row.texts])
        raise ModelFileError(
            "{title} has two text encoders, {wanted}; {widths}.",
            title=row.title,
            wanted=wanted,
            widths=widths,
        )
    return {part: ref for part, ref in found.items() if ref is not None}


def _holder(files: Files, width: int) -> FileRef | None:
    return next((ref for ref, i in files if any(i.widths.get(part) == width for part in TEXTS)), None)


def _widths(inspected: Inspected) -> str:
    return " and ".join(str(inspected.widths[part]) for part in TEXTS if part in inspected.widths) or "none"
