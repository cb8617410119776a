"""The plans of the last jobs, so that a reason can name what changed since."""

from __future__ import annotations

from collections import deque

from engine.graph.plan import Plan

KEPT = 4
LARGEST = 5000
"""Steps; larger plans are not kept."""


class Recent:
    """Finds the plan that another was probably edited from."""

    def __init__(self) -> None:
        self._plans: deque[Plan] = deque(maxlen=KEPT)

    def add(self, plan: Plan) -> None:
        """Remember a plan, in place of the one that it is an edit of."""
        if len(plan.steps) > LARGEST:
            return
        before = self.before(plan)
        plans = [p for p in self._plans if p is not before]
        self._plans = deque([plan, *plans], KEPT)

    def before(self, plan: Plan) -> Plan | None:
        """The newest with most steps of the same id and type; None when that are fewer than half."""
        best, most = None, len(plan.steps) / 2
        for other in self._plans:
            same = sum(_same(plan, other, id) for id in plan.steps)
            if same > most:
                best, most = other, same
        return best


def _same(plan: Plan, other: Plan, id: str) -> bool:
    step = other.steps.get(id)
    return step is not None and step.definition.name == plan.steps[id].definition.name
