"""ComfyUI's websocket as a view of our events: what each event of a job says there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_never

from engine.compat.messages import Message, Place, Said, Shown, Standing, Standings
from engine.graph.graph import NodeId
from engine.run.events import (
    Event,
    Expanded,
    JobFinished,
    JobInterrupted,
    JobQueued,
    JobStarted,
    Preview,
    Progress,
    Reason,
    StepFailed,
    StepFinished,
    StepStarted,
    Warned,
)
from engine.run.picture import Picture

SECONDS_BETWEEN = 0.025
"""Between two `progress` of one step; the last one of a step is always told."""

INTERRUPTED: Mapping[Reason, str] = {
    "server_died": "The server ended while this job ran.",
    "worker_died": "The worker process died while this job ran.",
    "server_stopped": "The server was stopped while this job ran.",
}
DURABLE = ("execution_start", "execution_cached", "execution_success", "execution_error", "execution_interrupted")
"""The messages that a job's history keeps."""

LONGEST_INPUT = 200


class JobView:
    """Turns the events of one job, in their order, into messages.

    Args:
        remaining: gives how many jobs wait or run, at the time of each `status`.
        everyone: the job has no client of its own: all are told.
        graph: the job's nodes in API format; with them failures name the inputs of the node.
    """

    def __init__(
        self,
        job: str,
        remaining: Callable[[], int] = lambda: 0,
        *,
        everyone: bool = False,
        graph: Mapping[str, Any] | None = None,
    ) -> None:
        self.job = job
        self.everyone = everyone
        self.graph: Mapping[str, Any] = graph or {}
        self._remaining = remaining
        self._clear()

    def _clear(self) -> None:
        self.started = False
        self.ended = False
        self.standings: dict[NodeId, Standing] = {}
        self._changed: dict[NodeId, None] = {}
        self._places: dict[NodeId, Place] = {}
        self._ran: dict[NodeId, None] = {}
        self._told: dict[NodeId, float] = {}
        self._shown: set[NodeId] = set()  # nodes on which steps within have shown something
        self._failed: StepFailed | None = None

    def feed(self, event: Event, time: float) -> Sequence[Said]:
        """What an event says; `time` is when it happened, in seconds since 1970."""
        match event:
            case JobQueued():
                return (self._status(),)
            case JobStarted(cached=cached):
                return self._start(cached, time)
            case StepStarted(node=node):
                self._stand(node, 0, 1, "running")
                return (self._executing(node),)
            case Progress(node=node, done=done, total=total):
                return self._progress(node, done, total or done + 1, time)
            case Preview(node=node, image=image):
                shown = Shown(self.job, self._place(node), image, self.everyone) if isinstance(image, Picture) else None
                return (shown,) if shown is not None else ()
            case StepFinished(node=node, ui=ui, cached=cached):
                return self._finished(node, ui, cached)
            case StepFailed(node=node, spared=True):
                self._stand(node, *self._reached(node), "finished")
                return ()
            case StepFailed(node=node):
                self._failed = self._failed or event
                self._stand(node, *self._reached(node), "error")
                return ()
            case Expanded(node=node, nodes=nodes):
                shown_at = self._place(node).shown
                self._places.update({id: Place(id, shown_at, node) for id in nodes})
                return ()
            case Warned():
                return ()
            case JobInterrupted():
                return self._interrupted(event, time)
            case JobFinished(status=status):
                return self._end(status, time)
            case _:
                assert_never(event)

    def state(self) -> Standings | None:
        """How far the steps are, with what changed since the last call; None when nothing did."""
        if not self._changed:
            return None
        changed = {id: self.standings[id] for id in self._changed}
        self._changed = {}
        return Standings(self.job, dict(self.standings), changed, dict(self._places), self.everyone)

    def now(self) -> Sequence[Said]:
        """What a client needs that has heard nothing: all that is known of the steps, and which run."""
        if not self.started or self.ended:
            return ()
        everything = dict(self.standings)
        running = [id for id, (_, _, state) in everything.items() if state == "running"]
        whole = Standings(self.job, everything, everything, dict(self._places), self.everyone)
        return (*map(self._executing, running), whole)

    def _start(self, cached: Sequence[NodeId], time: float) -> Sequence[Said]:
        self._clear()
        self.started = True
        for node in cached:
            self._stand(node, 1, 1, "finished")
        return (
            self._message("execution_start", time),
            self._message("execution_cached", time, nodes=list(cached)),
        )

    def _progress(self, node: NodeId, done: float, total: float, time: float) -> Sequence[Said]:
        self._stand(node, done, total, "running")
        if done < total and time - self._told.get(node, 0.0) < SECONDS_BETWEEN:
            return ()
        self._told[node] = time
        data = {"value": done, "max": total, "prompt_id": self.job, "node": node}
        return (Message("progress", data, self.everyone, ("progress", self.job, node)),)

    def _finished(self, node: NodeId, ui: Mapping[str, Any], cached: bool) -> Sequence[Said]:
        total = self._reached(node)[1]
        self._stand(node, total, total, "finished")
        if not cached:
            self._ran[node] = None
        if not ui:
            return ()
        shown = self._place(node).shown
        data: dict[str, Any] = {"node": node, "display_node": shown, "output": ui, "prompt_id": self.job}
        if shown != node:  # several steps may show something on one node: each beside those before it
            data |= {"merge": True} if shown in self._shown else {}
            self._shown.add(shown)
        return (Message("executed", data, self.everyone),)

    def _interrupted(self, event: JobInterrupted, time: float) -> Sequence[Said]:
        if event.requeued:
            self._clear()
            return (self._status(),)
        told = f"{event.message or INTERRUPTED[event.reason]} The job waits until somebody queues it again."
        return self._close(self._error(told, event.reason, self._at(), time))

    def _end(self, status: str, time: float) -> Sequence[Said]:
        if status == "success":
            return self._close(self._message("execution_success", time))
        if status == "cancelled":
            return self._close(self._stopped(time)) if self.started else (self._status(),)
        if (failed := self._failed) is not None:
            return self._close(self._error(failed.message, failed.exception, failed.node, time, failed.node_type))
        return self._close(self._error("The job could not be run to its end.", "Error", "", time))

    def _close(self, last: Message) -> Sequence[Said]:
        """The end of a job: the last state of the steps, what became of it, and that nothing runs any more."""
        for node, (value, most, standing) in list(self.standings.items()):
            if standing == "running":
                self._stand(node, value, most, "finished")
        self.ended = True
        done = Message("executing", {"node": None, "display_node": None, "prompt_id": self.job}, self.everyone)
        state = self.state()
        return (*((state,) if state is not None else ()), last, self._status(), done)

    def _error(self, message: str, exception: str, node: NodeId, time: float, node_type: str = "") -> Message:
        return self._message(
            "execution_error",
            time,
            node_id=node,
            node_type=node_type or self._type(node),
            executed=list(self._ran),
            exception_message=message,
            exception_type=exception or "Error",
            traceback=[message],
            current_inputs=self._inputs(node),
            current_outputs=list(self._ran),
        )

    def _stopped(self, time: float) -> Message:
        node = self._at()
        told = self._message(
            "execution_interrupted", time, node_id=node, node_type=self._type(node), executed=list(self._ran)
        )
        told.everyone = True
        return told

    def _message(self, type: str, time: float, **data: Any) -> Message:
        return Message(type, {"prompt_id": self.job, **data, "timestamp": int(time * 1000)}, self.everyone)

    def _executing(self, node: NodeId) -> Message:
        data = {"node": node, "display_node": self._place(node).shown, "prompt_id": self.job}
        return Message("executing", data, self.everyone)

    def _status(self) -> Message:
        return status(self._remaining())

    def _place(self, node: NodeId) -> Place:
        return self._places.get(node) or Place(node, node)

    def _stand(self, node: NodeId, value: float, most: float, state: Any) -> None:
        self.standings.pop(node, None)  # the newest is last
        self.standings[node] = (value, most, state)
        self._changed[node] = None

    def _reached(self, node: NodeId) -> tuple[float, float]:
        value, most, _ = self.standings.get(node, (0, 1, "running"))
        return value, most

    def _at(self) -> NodeId:
        """The step that began last of those that run."""
        return next((id for id, (_, _, state) in reversed(self.standings.items()) if state == "running"), "")

    def _type(self, node: NodeId) -> str:
        entry = self.graph.get(node)
        return str(entry.get("class_type", "")) if isinstance(entry, Mapping) else ""

    def _inputs(self, node: NodeId) -> dict[str, list[str]]:
        """The constants of a node, each as text; what comes by a link is left out."""
        entry = self.graph.get(node)
        inputs = entry.get("inputs") if isinstance(entry, Mapping) else None
        constants = {name: v for name, v in (inputs or {}).items() if not isinstance(v, list)}
        return {name: [_short(value)] for name, value in constants.items()}


def status(remaining: int, sid: str | None = None) -> Message:
    """How many jobs wait or run; a socket that opens is told its own id too."""
    told: dict[str, Any] = {"status": {"exec_info": {"queue_remaining": remaining}}}
    return Message("status", told | ({"sid": sid} if sid is not None else {}), True, ("status",))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= LONGEST_INPUT else text[:LONGEST_INPUT] + "…"
