"""The scheduler: runs the steps of a plan that no store has, many at a time, and tells what happens.

All its state belongs to one event loop.  Looking into stores, calls of nodes and expansions happen in threads, which
come back with `_soon`.  Quick steps travel to their worker in bundles, so that a chain of thousands of trivial nodes
costs a thread hop per hundreds of them; a bundle that is not through after 5 ms gives back what it has not begun.

A failed step stops what depends on it; the other targets go on.  A cancelled job ends at once: coroutines are
cancelled, functions in threads see it at their next `progress`, and what they still finish is kept for the next job.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from functools import lru_cache
from heapq import heappop, heappush
from typing import Any

from engine.graph.context import Cancelled
from engine.graph.define import NodeDef
from engine.graph.graph import Graph, Link, NodeId
from engine.graph.keys import Key
from engine.graph.plan import Plan, Step
from engine.run.artifact import Artifact
from engine.run.calls import is_async
from engine.run.cancel import Cancel
from engine.run.context import Services
from engine.run.errors import BadExpansion, StepError, Stuck, forget_frames
from engine.run.events import Emit, Event, Expanded, JobFinished, JobStarted, Status, StepFailed, StepFinished
from engine.run.flights import Flights, Outcome
from engine.run.growth import Growth, Rules, harvest, plant
from engine.run.perform import Bundle, Desk, Grown, Result, Skipped, Ticket
from engine.run.store import Store
from engine.run.workers import Worker

log = logging.getLogger(__name__)

SLICE_SECONDS = 0.005
"""A bundle that takes longer is broken up."""
LARGEST_BUNDLE = 256
NONE: frozenset[str] = frozenset()


async def execute(
    plan: Plan,
    *,
    store: Store,
    workers: Mapping[str, Worker],
    rules: Rules,
    emit: Emit = lambda event: None,
    cancelled: Cancel | None = None,
    services: Services = Services(),  # noqa: B008 - frozen
    flights: Flights | None = None,
    job: str = "",
) -> dict[NodeId, Artifact]:
    """Run a plan and give the artifacts of its targets.

    Raises StepError when a target could not be made (the others are made first, and are its `done`), Cancelled when
    the job was cancelled.  `emit` is called from many threads.  `flights` is shared by the jobs of one event loop.
    `workers` has at least "cpu"; "io" and "device" steps run there unless they are given.  `rules` are what the plan
    was checked with.  `store.put` must be quick: a Disk belongs into a Behind.
    """
    run = _Run(plan, store, workers, rules, emit, cancelled or Cancel(), services, flights or Flights(), job)
    status: Status = "error"
    try:
        await run.over()
        status = "error" if run.failures else "success"
    except (Cancelled, asyncio.CancelledError):
        status = "cancelled"
        run.cancel.set()
        raise
    finally:
        run.emit(JobFinished(job, status))
        run.close()
    done = {t: run.found[t] for t in plan.targets if t in run.found}
    if run.failures:
        first, *others = run.failures
        first.others, first.done = tuple(others), done
        raise first
    return done


class _Run:
    """One job on its way through the loop."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        workers: Mapping[str, Worker],
        rules: Rules,
        emit: Emit,
        cancel: Cancel,
        services: Services,
        flights: Flights,
        job: str,
    ) -> None:
        self.plan, self.workers, self.rules, self.flights, self.job = plan, workers, rules, flights, job
        self.steps: dict[NodeId, Step] = dict(plan.steps)
        self.nodes = dict(plan.graph.nodes)
        self.cancel = cancel
        self.out = emit
        self.desk = Desk(job, store, services, self.emit, cancel, self.steps, self.nodes)
        self.loop = asyncio.get_running_loop()
        self.end: asyncio.Future[None] = self.loop.create_future()
        self.closed = False

        self.missing: dict[NodeId, int] = {}  # every step that is needed and not done: how many inputs are to come
        self.users: defaultdict[NodeId, list[NodeId]] = defaultdict(list)  # who waits for a step
        self.found: dict[NodeId, Artifact] = {}
        self.done: set[NodeId] = set()
        self.kept: set[NodeId] = set(plan.targets)  # whose artifacts stay to the end
        self.holds: dict[NodeId, tuple[NodeId, ...]] = {}  # whose artifacts a step in `missing` needs
        self.uses: defaultdict[NodeId, int] = defaultdict(int)  # by how many steps an artifact is held
        self.failed: dict[NodeId, StepError] = {}
        self.failures: list[StepError] = []

        self.heaps: dict[str, list[tuple[int, int, NodeId]]] = {name: [] for name in ("async", "quick", *workers)}
        self.serial = 0
        self.busy: dict[str, int] = dict.fromkeys(workers, 0)
        self.away = 0  # lookups, expansions and coroutines under way
        self.tasks: set[asyncio.Task[None]] = set()
        self.bundles: dict[int, Bundle] = {}
        self.bundle_size = 1
        self.claimed: set[NodeId] = set()  # steps that a bundle or a coroutine has in hand
        self.leads: dict[NodeId, Key] = {}  # flights that steps of this job lead
        self.waiting: set[NodeId] = set()  # steps that wait for another's flight

        self.wanted: dict[NodeId, frozenset[str]] = {}  # the demand for lazy inputs, once known
        self.fed: set[NodeId] = set()  # steps that were told to wait for those
        self.keys: dict[NodeId, Key] = {}  # keys refined by that demand
        self.parents: dict[NodeId, tuple[Key, str]] = {}
        self.grown: dict[NodeId, Growth] = {}

    # --- the loop and the world ------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Hand an event on; a closed job says nothing more, and a listener that fails harms no node."""
        if not self.closed:
            try:
                self.out(event)
            except Exception:
                log.exception("a listener failed on %s", type(event).__name__)

    async def over(self) -> None:
        """Run to the end."""
        self.cancel.listen(lambda: self._soon(self._finish, Cancelled()))
        found, needed = await self._search(self.plan.targets)
        if not self.closed:
            self.emit(JobStarted(self.job, tuple(needed), tuple(found)))
            self._admit(found, needed, told=True)
            self._pump()
        await self.end

    def _soon(self, call: Callable[..., None], *args: Any) -> None:
        """Call on the loop, from any thread."""
        try:
            self.loop.call_soon_threadsafe(self._safely, call, *args)
        except RuntimeError:  # the loop is closed: nobody is interested any more
            log.debug("the loop of job %s is gone", self.job)

    def _safely(self, call: Callable[..., None], *args: Any) -> None:
        try:
            call(*args)
        except Exception as e:
            self._finish(e)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.away += 1
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._came_back)

    def _came_back(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self.away -= 1
        if not task.cancelled() and (e := task.exception()) is not None:
            self._finish(e)
        self._safely(self._pump)

    def _finish(self, error: BaseException | None = None) -> None:
        if not self.end.done():
            if error is None:
                self.end.set_result(None)
            else:
                self.end.set_exception(error)

    def close(self) -> None:
        """Say no more, cancel coroutines, and let others lead the flights of calls that have not begun."""
        self.closed = True
        for task in self.tasks:
            task.cancel()
        for bundle in self.bundles.values():
            self._take_back(bundle)
        for id in [id for id in self.leads if id not in self.claimed]:
            self._land(id, None)

    # --- what is needed ----------------------------------------------------------------------

    async def _search(self, ids: Iterable[NodeId]) -> tuple[dict[NodeId, Artifact], list[NodeId]]:
        return await self.loop.run_in_executor(None, self._look, tuple(ids))

    def _look(self, ids: tuple[NodeId, ...]) -> tuple[dict[NodeId, Artifact], list[NodeId]]:
        """From `ids` up: what the store has, which hides all above it, and what must run.  Runs in a thread."""
        found: dict[NodeId, Artifact] = {}
        needed: dict[NodeId, None] = {}
        stack = list(ids)
        while stack:
            id = stack.pop()
            if id in found or id in needed or id in self.found or id in self.missing:
                continue
            step = self.steps[id]
            if (artifact := self.desk.look_up(step, self.desk.key(step))) is not None:
                found[id] = artifact
            else:
                needed[id] = None
                stack += links(step)[0]
        return found, list(needed)

    async def _need(self, ids: Iterable[NodeId]) -> None:
        found, needed = await self._search(ids)
        if not self.closed:
            self._admit(found, needed)

    def _admit(self, found: Mapping[NodeId, Artifact], needed: Iterable[NodeId], told: bool = False) -> None:
        """Take in what a search brought; what was dropped while it looked is searched for again.

        `told`: the start of the job has named the hits, so that only those with something to show are told again.
        """
        hits = [id for id in found if id not in self.missing and id not in self.found]
        for id in hits:
            self.found[id] = artifact = found[id]
            if artifact.ui or id in self.kept or not told:
                self.emit(StepFinished(self.job, id, artifact.seconds, artifact.ui, cached=True))
        fresh = [id for id in needed if not (id in self.missing or id in self.found or id in self.failed)]
        self.missing.update(dict.fromkeys(fresh, 0))
        again: list[NodeId] = []
        for id in fresh:
            eager, lazy = links(self.steps[id])
            self._hold(id, eager + lazy)
            again += self._await(id, eager)
        for id in hits:
            self._tell_users(id)
        if again:
            self._spawn(self._need(again))

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

    # --- starting what is ready ---------------------------------------------------------------

    def _ready(self, id: NodeId) -> None:
        step = self.steps[id]
        name = "async" if id in self.grown else lane(step)
        self.serial += 1
        heappush(self.heaps.get(name, self.heaps["cpu"]), (step.rank, self.serial, id))

    def _pump(self) -> None:
        """Start what is ready and has a free place; notice the end."""
        if self.closed or self.end.done():
            return
        heaps = self.heaps
        while heaps["async"]:
            self._start(heappop(heaps["async"])[2], "")
        for name, worker in self.workers.items():
            while heaps[name] and self.busy[name] < worker.slots:
                self._start(heappop(heaps[name])[2], name)
        while heaps["quick"] and self.busy["cpu"] < self.workers["cpu"].slots:
            if tickets := self._bundle():
                self._launch("cpu", tickets)
        if self.away or self.waiting or any(self.busy.values()) or any(heaps.values()):
            return
        stuck = ", ".join(list(self.missing)[:5])
        self._finish(Stuck(f"these nodes wait for each other: {stuck}") if stuck else None)

    def _start(self, id: NodeId, worker: str) -> None:
        """The next thing to do for a step: gather its expansion, ask its demand, look up a finer key, or call it."""
        if id not in self.missing:
            return
        step = self.steps[id]
        dynamic = step.definition.demand is not None and step.demanded is None
        if id in self.grown:
            self._spawn(self._gather(id))
            return
        if dynamic and id not in self.wanted and not self._ask(id, step):
            return
        if step.tentative and (key := self._refined(id, step)) != self._key(id):
            self.keys[id] = key
            self._spawn(self._probe(id, step))
        elif dynamic and id not in self.fed:
            self.fed.add(id)
            wanted = tuple(a.node for n in self.wanted[id] if type(a := step.args[n]) is Link)
            if unknown := self._await(id, dict.fromkeys(wanted)):
                self._spawn(self._need(unknown))
        elif self._board(id):
            self.claimed.add(id)
            ticket = self._ticket(id)
            if worker:
                self._launch(worker, [ticket])
            else:
                self._spawn(self._run_coroutine(ticket))

    def _ticket(self, id: NodeId) -> Ticket:
        return Ticket(self.steps[id], self._key(id), self.wanted.get(id, NONE))

    def _key(self, id: NodeId) -> Key:
        return self.keys.get(id) or self.desk.key(self.steps[id])

    def _ask(self, id: NodeId, step: Step) -> bool:
        """Ask a node which of its lazy inputs it wants."""
        try:
            self.wanted[id] = self.desk.demanded(step, self.found.get)
        except Exception as e:
            self._fail(id, e)
            return False
        return True

    def _refined(self, id: NodeId, step: Step) -> Key:
        """The key by what is now known of demands; before the wanted inputs are made it may still be too broad."""
        sources = {a.node for a in step.args.values() if isinstance(a, Link)}
        keys = {source: self.keys.get(source) or self.steps[source].key for source in sources}
        demanded = self.wanted.get(id, step.demanded)
        return self.desk.key(step, self.rules.refined(step, keys, demanded, self.parents.get(id)))

    async def _probe(self, id: NodeId, step: Step) -> None:
        """Look for the artifact of a refined key."""
        key = self.keys[id]
        artifact = await self.loop.run_in_executor(None, self.desk.look_up, step, key)
        if self.closed or id not in self.missing:
            return
        if artifact is None:
            self._ready(id)
        else:
            self.desk.point(step, key, artifact.seconds)
            self._settle(id, artifact, cached=True)

    # --- single flight -------------------------------------------------------------------------

    def _board(self, id: NodeId) -> bool:
        """Whether this step is the one to run its key now; if not, the result of another will come."""
        if self.steps[id].definition.kind == "volatile":
            return True
        key = self._key(id)
        known = self.desk.store.peek(key)
        if known is not None and not known.files and known.alias is None:
            self._settle(id, known, cached=True)
            return False
        if self.flights.board(key, lambda outcome: self._soon(self._landed_elsewhere, id, outcome)):
            self.leads[id] = key
            return True
        if any(k == key and id.startswith(f"{leader}.") for leader, k in self.leads.items()):
            self._fail(id, BadExpansion("is its own expansion, with the same inputs"))
            return False
        self.waiting.add(id)
        return False

    def _landed_elsewhere(self, id: NodeId, outcome: Outcome) -> None:
        self.waiting.discard(id)
        if self.closed or id not in self.missing:
            return
        if isinstance(outcome, Artifact):
            self._settle(id, outcome, cached=True)
        elif outcome is not None:
            self._fail(id, outcome)
        elif self.missing[id] == 0:
            self._ready(id)
        self._pump()

    def _land(self, id: NodeId, outcome: Outcome) -> None:
        if (key := self.leads.pop(id, None)) is not None:
            self.flights.land(key, outcome)

    # --- bundles -------------------------------------------------------------------------------

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

    async def _run_coroutine(self, ticket: Ticket) -> None:
        self._commit(ticket, await self.desk.perform_async(ticket, self.found.get))

    # --- what came of a call ---------------------------------------------------------------------

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
            self._spawn(self._grow(ticket, result))
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
            self.emit(StepFinished(self.job, id, artifact.seconds, artifact.ui, cached=True))
        self._tell_users(id)
        self._let_go(id)

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

    def _fail(self, id: NodeId, cause: BaseException) -> None:
        step, node = self.steps[id], self.nodes.get(id)
        error = StepError(id, step.definition.name, cause, node.title if node is not None else "")
        text = "".join(traceback.format_exception(cause))
        forget_frames(cause)
        self.failures.append(error)
        self._land(id, cause)
        self.emit(StepFailed(self.job, id, step.definition.name, str(error), type(cause).__name__, text))
        self._block([id], error)

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

    # --- expansion ---------------------------------------------------------------------------------

    async def _grow(self, ticket: Ticket, grown: Grown) -> None:
        """Add what a node returned to the plan; the node is done when its children are."""
        id, graph = ticket.step.id, Graph(dict(self.nodes))
        try:
            growth = await self.loop.run_in_executor(
                None, plant, ticket.step, ticket.key, grown, self.steps, graph, self.rules
            )
            self.steps.update(growth.steps)
            if self._reaches(growth.targets, id):
                raise BadExpansion("returned a graph that needs this node's own result: a cycle")
        except Exception as e:
            if not self.closed:
                self._fail(id, e)
            return
        self.nodes.update(growth.nodes)
        self.parents.update(growth.parents)
        self.emit(Expanded(self.job, id, tuple(growth.steps)))
        found, needed = await self._search(growth.targets)
        if self.closed:
            return
        self.grown[id] = growth
        self._hold(id, growth.targets)
        self._admit(found, needed)
        if unknown := self._await(id, growth.targets):
            self._spawn(self._need(unknown))

    def _reaches(self, ids: Iterable[NodeId], goal: NodeId) -> bool:
        """Whether any of these steps needs the step `goal`."""
        stack, seen = list(ids), set[NodeId]()
        while stack:
            id = stack.pop()
            if id == goal:
                return True
            if id not in seen and id not in self.done and id not in self.found:
                seen.add(id)
                stack += links(self.steps[id])[0]
                stack += self.grown[id].targets if id in self.grown else ()
        return False

    async def _gather(self, id: NodeId) -> None:
        """Make the artifact of an expanded step out of its children's."""
        ticket, growth = self._ticket(id), self.grown[id]

        def work() -> Artifact:
            outputs, artifact = harvest(ticket.step, growth, self.found.get, self.desk.gives_list)
            return self.desk.keep(ticket, replace(artifact, nbytes=self.desk.store.sizeof(outputs)))

        try:
            artifact = await self.loop.run_in_executor(None, work)
        except Exception as e:
            if not self.closed:
                self._fail(id, e)
            return
        if not self.closed:
            self._settle(id, artifact)


def links(step: Step) -> tuple[tuple[NodeId, ...], tuple[NodeId, ...]]:
    """The steps that a step needs before it can start, and those it may ask for then; never those of a recipe."""
    recipes, lazies = _set_apart(step.definition)
    found = {name: a.node for name, a in step.args.items() if type(a) is Link}
    if not (recipes or lazies):
        return tuple(dict.fromkeys(found.values())), ()
    if step.demanded is not None:
        lazies = NONE
    eager = dict.fromkeys(id for name, id in found.items() if name not in recipes and name not in lazies)
    late = dict.fromkeys(id for name, id in found.items() if name in lazies and id not in eager)
    return tuple(eager), tuple(late)


@lru_cache(maxsize=4096)
def _set_apart(definition: NodeDef) -> tuple[frozenset[str], frozenset[str]]:
    """The inputs that are never made, and those that are made on demand."""
    recipes = frozenset(s.name for s in definition.inputs if s.recipe)
    return recipes, frozenset(s.name for s in definition.inputs if s.lazy) - recipes


def lane(step: Step) -> str:
    """Where a step queues: "async", a worker, or "quick" for what may travel to the cpu in a bundle."""
    name = _lane(step.definition)
    return "cpu" if name == "quick" and step.tentative else name


@lru_cache(maxsize=4096)
def _lane(definition: NodeDef) -> str:
    if is_async(definition):
        return "async"
    return "quick" if definition.runs_on == "cpu" and definition.kind == "pure" else definition.runs_on
