"""Handing ready steps to workers: single flight, bundles of quick steps, and what came of each call."""

from __future__ import annotations

import asyncio
import traceback
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from heapq import heappop, heappush
from typing import Any

from engine.graph.context import Cancelled
from engine.graph.graph import Node, NodeId
from engine.graph.keys import Key
from engine.graph.plan import Plan
from engine.run.artifact import Artifact
from engine.run.cancel import Cancel
from engine.run.errors import BadExpansion, StepError, forget_frames
from engine.run.events import Event, StepFailed
from engine.run.flights import Flights, Outcome
from engine.run.growth import Growth
from engine.run.lanes import NONE, lane
from engine.run.needs import Needs
from engine.run.perform import Bundle, Desk, Grown, Result, Skipped, Ticket
from engine.run.workers import Worker

SLICE_SECONDS = 0.005
"""A bundle that takes longer is broken up."""
FIRST_BUNDLE, LARGEST_BUNDLE = 4, 256


class Dispatch(Needs):
    """The part of a job that starts calls and takes in what they gave; all on one event loop."""

    desk: Desk

    def __init__(self, plan: Plan, workers: Mapping[str, Worker], flights: Flights, cancel: Cancel, job: str) -> None:
        super().__init__(plan, job)
        self.nodes: dict[NodeId, Node] = dict(plan.graph.nodes)
        self.workers, self.flights, self.cancel = workers, flights, cancel
        self.loop = asyncio.get_running_loop()
        self.closed = False
        self.failures: list[StepError] = []
        self.forgiven: dict[StepError, StepFailed] = {}  # those that cost no target

        self.heaps: dict[str, list[tuple[int, int, NodeId]]] = {name: [] for name in ("async", "quick", *workers)}
        self.serial = 0
        self.busy: dict[str, int] = dict.fromkeys(workers, 0)
        self.bundles: dict[int, Bundle] = {}
        self.bundle_size = FIRST_BUNDLE
        self.leads: dict[NodeId, Key] = {}  # flights that steps of this job lead

        self.wanted: dict[NodeId, frozenset[str]] = {}  # the demand for lazy inputs, once known
        self.grown: dict[NodeId, Growth] = {}

    @abstractmethod
    def _soon(self, call: Callable[..., None], *args: Any) -> None:
        """Call on the loop, from any thread."""

    @abstractmethod
    def _safely(self, call: Callable[..., None], *args: Any) -> None:
        """Call, and end the job on a fault of the engine."""

    @abstractmethod
    def _pump(self) -> None:
        """Start what is ready and has a free place."""

    @abstractmethod
    def _expand(self, ticket: Ticket, grown: Grown) -> None:
        """Add what a node returned to the plan."""

    @abstractmethod
    def emit(self, event: Event) -> None:
        """Tell what happened."""

    def _ready(self, id: NodeId) -> None:
        step = self.steps[id]
        name = "async" if id in self.grown else lane(step)
        self.serial += 1
        heappush(self.heaps.get(name, self.heaps["cpu"]), (step.rank, self.serial, id))

    def _ticket(self, id: NodeId) -> Ticket:
        return Ticket(self.steps[id], self._key(id), self.wanted.get(id, NONE))

    def _key(self, id: NodeId) -> Key:
        return self.keys.get(id) or self.desk.key(self.steps[id])

    def _board(self, id: NodeId) -> bool:
        """Whether this step is the one to run its key now; if not, the result of another will come."""
        if self.steps[id].definition.kind == "volatile":
            return True
        key = self._key(id)
        known = self.desk.store.peek(key)
        unrecorded = self.desk.unrecorded(self.steps[id], key)
        if known is not None and not known.files and known.alias is None and not unrecorded:
            self._settle(id, known, cached=True)
            return False
        if self.flights.board(key, lambda outcome: self._soon(self._landed_elsewhere, id, outcome)):
            self.leads[id] = key
            return True
        if any(k == key and id.startswith(f"{leader}.") for leader, k in self.leads.items()):
            self._fail(id, BadExpansion("is its own expansion, with the same inputs."))
            return False
        self.waiting.add(id)
        return False

    def _landed_elsewhere(self, id: NodeId, outcome: Outcome) -> None:
        self.waiting.discard(id)
        if not self.closed and id in self.missing:
            if isinstance(outcome, Artifact) and not self.desk.unrecorded(self.steps[id], self._key(id)):
                self._settle(id, outcome, cached=True)
            elif isinstance(outcome, BaseException):
                self._fail(id, outcome)
            elif self.missing[id] == 0:
                self._ready(id)
        self._pump()

    def _land(self, id: NodeId, outcome: Outcome) -> None:
        if (key := self.leads.pop(id, None)) is not None:
            self.flights.land(key, outcome)

    def _bundle(self) -> list[Ticket]:
        """The next quick steps in order of rank, among them such as get ready by others in the bundle."""
        heap, own = self.heaps["quick"], list[tuple[int, int, NodeId]]()
        left: dict[NodeId, int] = {}
        tickets: list[Ticket] = []
        while len(tickets) < self.bundle_size and (own or heap):
            id = heappop(own if own and (not heap or own[0] < heap[0]) else heap)[2]
            if id not in self.missing or id in self.claimed or not self._board(id):
                continue
            tickets.append(self._ticket(id))
            self.claimed.add(id)
            for user in self.users.get(id, ()):
                left[user] = left.get(user, self.missing.get(user, 0)) - 1
                if left[user] == 0 and user not in self.grown and lane(self.steps[user]) == "quick":
                    self.serial += 1
                    heappush(own, (self.steps[user].rank, self.serial, user))
        return tickets

    def _launch(self, worker: str, tickets: list[Ticket]) -> None:
        bundle = Bundle(tuple(tickets), deque(tickets))
        self.bundles[id(bundle)] = bundle
        self.busy[worker] += 1
        timer = self.loop.call_later(SLICE_SECONDS, self._safely, self._break_up, bundle) if len(tickets) > 1 else None
        began = self.loop.time()

        def landed(future: Future[None]) -> None:
            self._soon(self._landed, bundle, worker, timer, began, future)

        try:
            self.workers[worker].submit(lambda: self.desk.work(bundle, self.found)).add_done_callback(landed)
        except Exception as e:  # a lane that was closed
            refused: Future[None] = Future()
            refused.set_exception(e)
            landed(refused)

    def _landed(
        self, bundle: Bundle, worker: str, timer: asyncio.TimerHandle | None, began: float, future: Future[None]
    ) -> None:
        if timer is not None:
            timer.cancel()
        del self.bundles[id(bundle)]
        self.busy[worker] -= 1
        if self.loop.time() - began > SLICE_SECONDS:
            self.bundle_size = max(1, len(bundle.done) // 2)
        elif len(bundle.tickets) == self.bundle_size:
            self.bundle_size = min(2 * self.bundle_size, LARGEST_BUNDLE)
        e = CancelledError("its worker was closed") if future.cancelled() else future.exception()
        if e is not None:
            bundle.done += [(ticket, e) for ticket in bundle.todo]
            bundle.todo.clear()
        self._take_in(bundle)
        self._take_back(bundle)
        self._pump()

    def _break_up(self, bundle: Bundle) -> None:
        self._take_back(bundle)
        self._take_in(bundle)
        self._pump()

    def _take_back(self, bundle: Bundle) -> None:
        """Steps that the bundle has not begun may run elsewhere."""
        while bundle.todo:
            try:
                id = bundle.todo.pop().step.id
            except IndexError:
                return
            self.claimed.discard(id)
            self._land(id, None)
            if self.missing.get(id) == 0 and not self.closed:
                self._ready(id)

    def _take_in(self, bundle: Bundle) -> None:
        while bundle.done:
            self._commit(*bundle.done.popleft())

    def _commit(self, ticket: Ticket, result: Result) -> None:
        id = ticket.step.id
        self.claimed.discard(id)
        if isinstance(result, Artifact):
            self._land(id, result)
            if not self.closed:
                self._settle(id, result)
        elif self.closed or isinstance(result, Skipped):
            self._land(id, None)
            if self.missing.get(id) == 0 and not self.closed:
                self._ready(id)
        elif isinstance(result, Grown):
            self._expand(ticket, result)
        elif self.cancel.is_set() and isinstance(result, Cancelled | asyncio.CancelledError):
            self._land(id, None)
        else:
            self._fail(id, result)

    def _settle(self, id: NodeId, artifact: Artifact, cached: bool = False) -> None:
        """A step is done: what waits for it may go on, what it held may go."""
        if self.missing.pop(id, None) is None:
            return
        self.done.add(id)
        self._land(id, artifact)
        if self.uses.get(id) or id in self.kept or self.steps[id].definition.kind == "volatile":
            self.found[id] = artifact
        if cached:
            self.emit(self.desk.hit(self.steps[id], artifact))
        self._tell_users(id)
        self._let_go(id)

    def _fail(self, id: NodeId, cause: BaseException) -> None:
        step, node = self.steps[id], self.nodes.get(id)
        error = StepError(id, step.definition.name, cause, node.title if node is not None else "")
        text = "".join(traceback.format_exception(cause))
        forget_frames(cause)
        self._land(id, cause)
        told, kind = error.telling.plain(), type(cause).__name__
        self.forgiven[error] = StepFailed(self.job, id, step.definition.name, str(error), kind, text, told)
        self._block([id], error)
        if error in self.forgiven:
            self.emit(replace(self.forgiven[error], spared=True))

    def _blame(self, error: StepError) -> None:
        if (event := self.forgiven.pop(error, None)) is not None:
            self.failures.append(error)
            self.emit(event)

    def _forgiven(self, error: StepError) -> bool:
        return error in self.forgiven
