"""What a job still needs: who waits for whom, whose artifact is held by whom."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable

from engine.graph.graph import NodeId
from engine.graph.keys import Key
from engine.graph.plan import Plan, Step
from engine.run.artifact import Artifact
from engine.run.errors import StepError
from engine.run.flights import Outcome
from engine.run.gaps import Gaps, gap, spoiled
from engine.run.lanes import links


class Needs(ABC):
    """The steps of one job by what they wait for; plain counts, so that each link is looked at once."""

    def __init__(self, plan: Plan, job: str) -> None:
        self.job = job
        self.steps: dict[NodeId, Step] = dict(plan.steps)
        self.missing: dict[NodeId, int] = {}  # every step that is needed and not done: how many inputs are to come
        self.users: defaultdict[NodeId, list[NodeId]] = defaultdict(list)  # who waits for a step
        self.found: dict[NodeId, Artifact] = {}
        self.done: set[NodeId] = set()
        self.kept: set[NodeId] = set(plan.targets)  # whose artifacts stay to the end
        self.holds: dict[NodeId, tuple[NodeId, ...]] = {}  # whose artifacts a step in `missing` needs
        self.uses: defaultdict[NodeId, int] = defaultdict(int)  # by how many steps an artifact is held
        self.failed: dict[NodeId, StepError] = {}
        self.gaps = Gaps()
        self.spoiled: set[NodeId] = set()  # steps that a gap goes into
        self.keys: dict[NodeId, Key] = {}  # keys refined by the demand for lazy inputs
        self.claimed: set[NodeId] = set()  # steps that a bundle or a coroutine has in hand
        self.waiting: set[NodeId] = set()  # steps that wait for another's flight

    @abstractmethod
    def _ready(self, id: NodeId) -> None:
        """All that the step waited for is there."""

    @abstractmethod
    def _land(self, id: NodeId, outcome: Outcome) -> None:
        """Tell those who wait for the step's flight, if it leads one."""

    @abstractmethod
    def _blame(self, error: StepError) -> None:
        """A target is lost by this failure; it may have been told already."""

    @abstractmethod
    def _forgiven(self, error: StepError) -> bool:
        """Whether nothing is lost by this failure so far."""

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
            if source in self.spoiled:
                self._spoil(id)
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
                if id in self.spoiled:
                    self._spoil(user)
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
        """These steps and all that depends on them will not run, up to the steps that may be gaps."""
        begin = tuple(ids)
        stack = [*begin]
        gaps, lost = False, False
        others: list[StepError] = []
        while stack:
            id = stack.pop()
            if id in self.missing and self.gaps.takes(id):
                self._fill(id, error)
                gaps = True
            elif id in self.gaps.filled and id not in begin:
                gaps = True
            elif self.missing.pop(id, None) is not None:
                self.failed[id] = error
                others += self.gaps.beside(id)
                self._land(id, None)
                self._let_go(id)
                lost |= id in self.kept
                stack += self.users.pop(id, ())
            elif (before := self.failed.get(id, error)) is not error:
                gaps, lost = gaps or self._forgiven(before), lost or not self._forgiven(before)
        if lost or not gaps:
            for each in (*others, error):
                self._blame(each)

    def _fill(self, id: NodeId, error: StepError) -> None:
        """This step will be a gap."""
        self.gaps.fill(id, error)
        self.spoiled.add(id)
        self._land(id, None)
        self._let_go(id)
        self.waiting.discard(id)
        self.steps[id] = gap(self.steps[id], error, self.job)
        self.missing[id] = 0
        self._ready(id)

    def _spoil(self, id: NodeId) -> None:
        """A gap goes into this step."""
        if id not in self.spoiled:
            self.spoiled.add(id)
            self._land(id, None)
            self.keys.pop(id, None)
            self.steps[id] = spoiled(self.steps[id], self.job)
