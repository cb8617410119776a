"""What a person wants recorded. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MOST_ATTENTION = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Record each sampler step, and at so many of them, spread evenly, which words were read where."""

    attention: int = 0

    @classmethod
    def of(cls, given: Any) -> Wanted | None:
        """From JSON: true, or {"attention": N}; None for nothing and false. Raises ValueError for anything else."""
        if given is None or given is False:
            return None
        if given is True:
            return cls()
        count = given.get("attention", 0) if isinstance(given, dict) and given.keys() <= {"attention"} else None
        if type(count) is not int or not 0 <= count <= MOST_ATTENTION:
            raise ValueError(f'record is true, or {{"attention": 0 to {MOST_ATTENTION}}}, not {given!r:.80}')
        return cls(count)

    def json(self) -> bool | dict[str, int]:
        """The inverse of `of`."""
        return {"attention": self.attention} if self.attention else True

    def steps(self, total: int) -> tuple[int, ...]:
        """The sampler steps at which attention is watched: the middles of `attention` equal parts of the run."""
        count = min(self.attention, total)
        return tuple(dict.fromkeys(int((i + 0.5) * total / count) for i in range(count)))
