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
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from heapq import heappop
from typing import Any

from engine.graph.context import Cancelled
from engine.graph.graph import Graph, Link, NodeId
from engine.graph.keys import Key
from engine.graph.plan import Plan, Step
from engine.run.artifact import Artifact
from engine.run.cancel import Cancel
from engine.run.context import Services
from engine.run.dispatch import Dispatch
from engine.run.errors import BadExpansion, Stuck
from engine.run.events import Emit, Event, Expanded, JobFinished, JobStarted, Status, Warned
from engine.run.flights import Flights
from engine.run.growth import Growth, Rules, harvest, plant
from engine.run.lanes import links
from engine.run.perform import Desk, Grown, Ticket
from engine.run.recorded import may_sample
from engine.run.store import Store
from engine.run.workers import Worker

log = logging.getLogger(__name__)

FEW = 32
"""A plan of so few steps is looked up on the loop where no file must be read: a thread would cost more."""


async def execute(
    plan: Plan,
    *,
    store: Store,
    workers: Mapping[str, Worker],
    rules: Rules,
    emit: Emit = lambda event: None,
    cancelled: Cancel | None = None,
    halted: Cancel | None = None,
    services: Services = Services(),  # noqa: B008 - frozen
    flights: Flights | None = None,
    job: str = "",
) -> dict[NodeId, Artifact]:
    """Run a plan and give the artifacts of its targets.

    Raises StepError when a target could not be made (the others are made first, and are its `done`), Cancelled when
    the job was cancelled, or was halted with steps left: once `halted` is set no step begins, and those that run end.
    `emit` is called from many threads.  `flights` is shared by the jobs of one event loop.  `workers` has at least
    "cpu"; "io" and "device" steps run there unless they are given.  `rules` are what the plan was checked with.
    `store.put` must be quick: a Disk belongs into a Behind.
    """
    run = _Run(plan, store, workers, rules, emit, cancelled or Cancel(), services, flights or Flights(), job)
    if halted is not None:
        halted.listen(lambda: run._soon(run._halt))
    status: Status = "error"
    try:
        await run.over()
        status = "error" if run.failures else "success"
    except (Cancelled, asyncio.CancelledError):
        status = "cancelled"
        run.cancel.set()
        raise
    finally:
        if services.recorder is not None:
            await services.recorder.close()
        run.emit(JobFinished(job, status))
        run.close()
    done = {t: run.found[t] for t in plan.targets if t in run.found}
    if run.failures:
        first, *others = run.failures
        first.others, first.done = tuple(others), done
        raise first
    return done


class _Run(Dispatch):
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
        super().__init__(plan, workers, flights, cancel, job)
        self.plan, self.rules, self.out = plan, rules, emit
        self.desk = Desk(job, store, services, self.emit, cancel, self.steps, self.nodes)
        self.end: asyncio.Future[None] = self.loop.create_future()
        self.away = 0  # lookups, expansions and coroutines under way
        self.halted = False
        self.tasks: set[asyncio.Task[None]] = set()
        self.fed: set[NodeId] = set()  # steps that were told to wait for the lazy inputs they want
        self.parents: dict[NodeId, tuple[Key, str]] = {}  # the node that expanded to a step, and the step's name there

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
        self.away += 1
        found, needed = await self._search(self.plan.targets)
        self.away -= 1
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

    def _halt(self) -> None:
        self.halted = True
        for bundle in self.bundles.values():
            self._take_back(bundle)
        self._pump()

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
        if len(self.steps) <= FEW and all(self.desk.near(step) for step in self.steps.values()):
            return self._look(tuple(ids))
        return await self.loop.run_in_executor(None, self._look, tuple(ids))

    def _look(self, ids: tuple[NodeId, ...]) -> tuple[dict[NodeId, Artifact], list[NodeId]]:
        """From `ids` up: what the store has, which hides all above it, and what must run.  Runs in a thread."""
        found: dict[NodeId, Artifact] = {}
        needed: dict[NodeId, None] = {}
        stack = [*ids, *self._unrecorded(ids)]
        stack.reverse()
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

    def _unrecorded(self, ids: Iterable[NodeId]) -> list[NodeId]:
        """The steps from `ids` up that must run for the sake of the recording, whatever hides them."""
        if self.desk.services.recorder is None:
            return []
        return [id for id in self._above(ids) if self.desk.unrecorded(step := self.steps[id], self.desk.key(step))]

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
            event = self.desk.hit(self.steps[id], artifact)
            if artifact.ui or id in self.kept or not told:
                self.emit(event)
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

    # --- starting what is ready ---------------------------------------------------------------

    def _pump(self) -> None:
        """Start what is ready and has a free place; notice the end."""
        if self.closed or self.end.done():
            return
        if self.halted:
            if not (self.away or any(self.busy.values())):
                self._finish(Cancelled() if self.missing else None)
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

    async def _run_coroutine(self, ticket: Ticket) -> None:
        self._commit(ticket, await self.desk.perform_async(ticket, self.found.get))

    # --- expansion ---------------------------------------------------------------------------------

    def _expand(self, ticket: Ticket, grown: Grown) -> None:
        self._spawn(self._grow(ticket, grown))

    async def _grow(self, ticket: Ticket, grown: Grown) -> None:
        """Add what a node returned to the plan; the node is done when its children are."""
        id, graph = ticket.step.id, Graph(dict(self.nodes))
        try:
            growth = await self.loop.run_in_executor(
                None, plant, ticket.step, ticket.key, grown, self.steps, graph, self.rules
            )
            self.steps.update(growth.steps)
            if self._reaches(growth.targets, id):
                raise BadExpansion("returned a graph that needs this node's own result: a cycle.")
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
        self._spare(id, growth)
        self._hold(id, growth.targets)
        self._admit(found, needed)
        if unknown := self._await(id, growth.targets):
            self._spawn(self._need(unknown))

    def _spare(self, id: NodeId, growth: Growth) -> None:
        """Some of its children may fail, or cannot run as it is."""
        self.gaps.expect(id, growth.spared)
        for part, cause in growth.unsound.items():
            self.gaps.fill(part, cause)
            self._spoil(part)

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

        sampled = [self._key(each) for each in self._above(growth.targets) if may_sample(self.steps[each].definition)]

        def work() -> Artifact:
            outputs, artifact = harvest(ticket.step, growth, self.found.get, self.desk.gives_list)
            return self.desk.keep(ticket, replace(artifact, nbytes=self.desk.store.sizeof(outputs)))

        try:
            await self.desk.recorded(ticket, 0, sampled)
            artifact = await self.loop.run_in_executor(None, work)
        except Exception as e:
            if not self.closed:
                self._fail(id, e)
            return
        if not self.closed:
            if (told := self.gaps.warning(ticket.step)) is not None:
                self.emit(Warned(self.job, "gaps", str(told), told.plain()))
            self._settle(id, artifact)
