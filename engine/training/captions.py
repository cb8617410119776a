"""Captions in English and Vietnamese for one drawing: its name, its style, its background colour."""

from __future__ import annotations

import numpy as np

from engine.training.concepts import CONCEPTS, Concept

ENGLISH_STYLE = {
    "flat": ("flat emoji of {}", "{}, flat emoji", "flat icon of {}"),
    "3d": ("3d render of {}", "{}, 3d render", "3d emoji of {}"),
    "noto": ("noto emoji of {}", "{}, noto emoji"),
}
VIETNAMESE_STYLE = {
    "flat": ("biểu tượng phẳng {}", "{}, biểu tượng phẳng"),
    "3d": ("hình 3d {}", "{}, hình 3d"),
    "noto": ("biểu tượng noto {}", "{}, biểu tượng noto"),
}
VIETNAMESE_COLOUR = {
    "white": "trắng",
    "black": "đen",
    "gray": "xám",
    "red": "đỏ",
    "orange": "cam",
    "yellow": "vàng",
    "green": "xanh lá",
    "blue": "xanh dương",
    "purple": "tím",
    "pink": "hồng",
}
ENGLISH_GROUND = ("{} on a {} background", "{}, {} background", "{} on {}")
VIETNAMESE_GROUND = ("{} trên nền {}", "{}, nền {}", "{} trên nền màu {}")
PLURAL = ("grapes", "cherries", "french fries", "fries", "books", "cheese", "corn", "broccoli", "fire", "coffee")


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    """Return one of the choices, the first (the usual form) half of the time."""
    return choices[0] if rng.random() < 0.5 else choices[rng.integers(len(choices))]


def with_article(name: str) -> str:
    """Return an English name with its article where it takes one."""
    if name in PLURAL:
        return name
    return f"an {name}" if name[0] in "aeiou" and not name.startswith("uni") else f"a {name}"


def english(concept: Concept, style: str | None, colour: str | None, rng: np.random.Generator) -> str:
    """Return an English caption; style or colour None leaves that part out."""
    name = _pick(rng, concept.english)
    text = with_article(name) if rng.random() < 0.8 else name
    if style:
        text = _pick(rng, ENGLISH_STYLE[style]).format(text)
    ground = (
        _pick(rng, ENGLISH_GROUND).replace("a {} b", "an {} b") if colour == "orange" else _pick(rng, ENGLISH_GROUND)
    )
    return ground.format(text, colour) if colour else text


def vietnamese(concept: Concept, style: str | None, colour: str | None, rng: np.random.Generator) -> str:
    """Return a Vietnamese caption; style or colour None leaves that part out."""
    name = _pick(rng, concept.vietnamese)
    first, _, rest = name.partition(" ")
    text = rest if rest and first in ("con", "quả", "cái", "chiếc") and rng.random() < 0.2 else name
    if style:
        text = _pick(rng, VIETNAMESE_STYLE[style]).format(text)
    return _pick(rng, VIETNAMESE_GROUND).format(text, VIETNAMESE_COLOUR[colour]) if colour else text


def caption(concept: int, style: str, colour: str, rng: np.random.Generator) -> str:
    """Return a training caption: empty one time in ten, Vietnamese two in five, style and colour mostly named."""
    if rng.random() < 0.1:
        return ""
    write = vietnamese if rng.random() < 0.4 else english
    told_style = style if rng.random() < 0.85 else None
    told_colour = colour if rng.random() < 0.9 else None
    return write(CONCEPTS[concept], told_style, told_colour, rng)


def all_captions() -> list[str]:
    """Return every text that a caption can contain, enough to know which tokens occur."""
    words = [*ENGLISH_GROUND, *VIETNAMESE_GROUND]
    for styles in (ENGLISH_STYLE, VIETNAMESE_STYLE):
        words += [form for forms in styles.values() for form in forms]
    texts = [form.replace("{}", " ").strip() for form in words] + ["", "a", "an", "a photo of a"]
    for form in words:
        texts.append(form.replace("{}", "a"))
    for concept in CONCEPTS:
        texts += [with_article(name) + "," for name in concept.english] + [f"{name}," for name in concept.vietnamese]
        texts += [name.partition(" ")[2] + "," for name in concept.vietnamese]
    return texts + [f"{name}," for name in (*VIETNAMESE_COLOUR, *VIETNAMESE_COLOUR.values())]
