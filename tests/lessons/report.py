"""The table of what the article says and what we found: `python -m tests.lessons.report` writes it anew."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import groupby

from tests.lessons.kit import FILES, FOLDER, about
from tests.lessons.statements import STATEMENTS, Statement

PLACE = FOLDER / "README.md"
HEAD = """# Lessons

One workflow for each stage that the article explains, in its order. Open them in the editor (Templates, Lessons) or run
one with `python main.py run workflows/lessons/01_prompt_to_picture.json`. They run on the shipped mini-v1 in seconds;
for a full-size checkpoint change the file name, and the picture's size to the one that it was trained on.

Below is each statement of the article that can be tested, in our words, with what we found. Each row is a test
(`tests/lessons/`) that measures the number itself, on mini-v1 where nothing else is said. "With a condition": it holds
where the number's column says. "False": as it stands it does not hold.

`python -m tests.lessons.report` writes this file.
"""


def report() -> str:
    """The whole file."""
    for module in sorted((FOLDER.parents[1] / "tests" / "lessons").glob("test_statements_*.py")):
        importlib.import_module(f"tests.lessons.{module.stem}")
    return "\n".join([HEAD, *_counts(), "", *_tables()])


def _counts() -> Iterator[str]:
    kinds = [s.verdict for s in STATEMENTS]
    each = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(sorted(kinds, reverse=True)))
    yield f"{len(kinds)} statements: {each}."


def _tables() -> Iterator[str]:
    titles = {int(file.stem[:2]): (file.name, about(file)["title"]) for file in FILES}
    for lesson, rows in groupby(sorted(STATEMENTS, key=lambda s: s.lesson), key=lambda s: s.lesson):
        name, title = titles[lesson]
        yield from (f"## {lesson} · {title}", f"[{name}]({name})", "")
        yield from ("| the article says | verdict | our number |", "|---|---|---|")
        yield from map(_row, rows)
        yield ""


def _row(statement: Statement) -> str:
    cells = (statement.says, statement.verdict, statement.told)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    PLACE.write_text(report(), encoding="utf-8")
