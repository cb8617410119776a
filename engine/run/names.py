"""The names of files that sinks write: ComfyUI's numbering and date tokens, kept inside the folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from engine.files import unfit
from engine.graph.problems import Problem
from engine.graph.told import Told

LONGEST = 180
"""Bytes of UTF-8 in the last part of a prefix: file systems end at 255, and a number and an extension follow."""

_ILLEGAL = re.compile(r'[<>"|?*\x00-\x1f\x7f]')
_TOKEN = re.compile(r"%(date|year|month|day|hour|minute|second)(?::([^%]*))?%")
_DATE = re.compile(r"yyyy|yy|MM?|dd?|hh?|mm?|ss?")
_TOKENS = {
    "year": "yyyy",
    "month": "MM",
    "day": "dd",
    "hour": "hh",
    "minute": "mm",
    "second": "ss",
    "date": "yyyy-MM-dd",
}


def fill(prefix: str, now: datetime) -> str:
    """``%date%``, ``%date:yyyy-MM-dd_hhmmss%``, ``%year%`` … ``%second%``; other text stays as it is."""
    return _TOKEN.sub(lambda m: _date(m[2] or _TOKENS[m[1]], now), prefix)


def _date(form: str, now: datetime) -> str:
    parts = {"y": now.year, "M": now.month, "d": now.day, "h": now.hour, "m": now.minute, "s": now.second}

    def one(m: re.Match[str]) -> str:
        value = parts[m[0][0]]
        return f"{value % 100:02}" if m[0] == "yy" else f"{value:0{len(m[0])}}"

    return _DATE.sub(one, form.replace(":", "-"))


def place(root: Path, prefix: str) -> tuple[Path, str]:
    """The folder under ``root`` and the stem that a prefix such as ``cats/red/cat`` names.

    Raises ValueError for a prefix that leaves ``root`` or that some system cannot have as a name.
    """
    name = _ILLEGAL.sub("_", prefix.replace("\\", "/"))
    folder, _, stem = name.rpartition("/")
    path = root / folder
    reason = unfit(name) or ("long" if len(stem.encode()) > LONGEST else None)
    if reason is None and not path.resolve().is_relative_to(root.resolve()):
        reason = "link"
    if reason is not None:
        problem = Problem("bad_file_name", {"name": prefix, "reason": reason})
        raise Told("The prefix of the file name cannot be used: {problem}.", problem=problem)
    return path, stem


def last_number(folder: Path, stem: str) -> int:
    """The highest N of the files ``stem_N_…`` that are there; 0 when there are none."""
    return max(_numbers(folder, os.path.normcase(stem) + "_"), default=0)


def _numbers(folder: Path, start: str) -> Iterator[int]:
    try:
        names = os.listdir(folder)
    except OSError:  # not there yet, or refused: writing will tell
        return
    for name in names:
        if (low := os.path.normcase(name)).startswith(start):
            digits = low[len(start) :].split("_")[0]
            if digits.isascii() and digits.isdigit():
                yield int(digits)
