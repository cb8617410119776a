"""What a job still needs: who waits for whom, whose artifact is held by whom."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable

from engine.graph.graph import NodeId
from engine.graph.plan import Plan, Step
from engine.run.artifact import Artifact
from engine.run.errors import StepError
from engine.run.flights import Outcome
from engine.run.lanes import links


class Needs(ABC):
    """The steps of one job by what they wait for; plain counts, so that each link is looked at once."""

    def __init__(self, plan: Plan) -> None:
        self.steps: dict[NodeId, Step] = dict(plan.steps)
        self.missing: dict[NodeId, int] = {}  # every step that is needed and not done: how many inputs are to come
        self.users: defaultdict[NodeId, list[NodeId]] = defaultdict(list)  # who waits for a step
        self.found: dict[NodeId, Artifact] = {}
        self.done: set[NodeId] = set()
        self.kept: set[NodeId] = set(plan.targets)  # whose artifacts stay to the end
        self.holds: dict[NodeId, tuple[NodeId, ...]] = {}  # whose artifacts a step in `missing` needs
        self.uses: defaultdict[NodeId, int] = defaultdict(int)  # by how many steps an artifact is held
        self.failed: dict[NodeId, StepError] = {}
        self.claimed: set[NodeId] = set()  # steps that a bundle or a coroutine has in hand
        self.waiting: set[NodeId] = set()  # steps that wait for another's flight

    @abstractmethod
    def _ready(self, id: NodeId) -> None:
        """All that the step waited for is there."""

    @abstractmethod
    def _land(self, id: NodeId, outcome: Outcome) -> None:
        """Tell those who wait for the step's flight, if it leads one."""

    def _above(self, ids: Iterable[NodeId]) -> list[NodeId]:
        """These steps and all that they need before they can start, and so on."""
        above = dict.fromkeys(ids)
        todo = list(above)
        while todo:
            fresh = [id for id in links(self.steps[todo.pop()])[0] if id not in above]
            above |= dict.fromkeys(fresh)
            todo += fresh
        return list(above)

    def _hold(self, id: NodeId, sources: tuple[NodeId, ...]) -> None:
        self.holds[id] = self.holds.get(id, ()) + sources
        for source in sources:
            self.uses[source] += 1

    def _await(self, id: NodeId, sources: Iterable[NodeId]) -> list[NodeId]:
        """Make a step wait for what is not there; gives those of it that nobody has asked for yet."""
        unknown: list[NodeId] = []
        for source in sources:
            if source in self.failed:
                self._block([id], self.failed[source])
                return []
            if source not in self.found:
                self.missing[id] += 1
                self.users[source].append(id)
                if source not in self.missing:
                    unknown.append(source)
        if self.missing[id] == 0:
            self._ready(id)
        return unknown

    def _tell_users(self, id: NodeId) -> None:
        for user in self.users.pop(id, ()):
            if user in self.missing:
                self.missing[user] -= 1
                if self.missing[user] == 0 and user not in self.claimed and user not in self.waiting:
                    self._ready(user)

    def _let_go(self, id: NodeId) -> None:
        """Drop the artifacts whose last user this step was; a volatile one cannot be had again."""
        for source in self.holds.pop(id, ()):
            self.uses[source] -= 1
            if not self.uses[source]:
                del self.uses[source]
                if source not in self.kept and self.steps[source].definition.kind != "volatile":
                    self.found.pop(source, None)

    def _block(self, ids: Iterable[NodeId], error: StepError) -> None:
        """These steps and all that depends on them will not run."""
        stack = list(ids)
        while stack:
            id = stack.pop()
            if self.missing.pop(id, None) is not None:
                self.failed[id] = error
                self._land(id, None)
                self._let_go(id)
                stack += self.users.pop(id, ())
