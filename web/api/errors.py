"""Refusals of the API in the one form of errors: {"error": {code, message, problems, …}}."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from engine.queue.problems import QueueProblem
from engine.service.errors import BadName, IdTaken
from engine.service.problems import problem_json
from engine.worker.channel import ChannelError
from engine.workflow.error import WorkflowError
from web.answers import Refusal, answer
from web.api.schema import Misfit


class BadRequest(Refusal):
    """A parameter or a field of the body that does not fit its schema."""

    def __init__(self, wrong: Misfit) -> None:
        super().__init__(400, "bad_request", str(wrong))
        self.wrong = wrong


def no_job(id: str) -> Refusal:
    """There is no job of this id."""
    return Refusal(404, "no_such_job", f"There is no job {id[:80]!r}.")


def known(error: Exception) -> web.Response | None:
    """The answer to what a handler raised; None for what any route of the server may raise."""
    return next((make(error) for kind, make in _TABLE if isinstance(error, kind)), None)


def _answer(status: int, code: str, message: str, **more: Any) -> web.Response:
    return answer({"error": {"code": code, "message": message, "problems": [], **more}}, status)


def _workflow(error: Any) -> web.Response:
    sentences: Sequence[str] = error.sentences
    told = [problem_json(p) for p in error.problems] or list(map(_bare, sentences))
    return _answer(400, "invalid_workflow", "\n".join(sentences) or "The workflow cannot run.", problems=told)


def _bare(message: str) -> dict[str, Any]:
    """A sentence that no problem stands behind."""
    nothing: dict[str, Any] = {"node": None, "input": None, "args": {}, "mend": None}
    return {"code": "unreadable_workflow", "severity": "error", "message": message, **nothing}


def _misfit(error: Any) -> web.Response:
    wrong: Misfit = error.wrong
    fields = {"field": wrong.field, "expected": wrong.expected, "found": wrong.found}
    return _answer(error.status, error.code, error.message, **fields)


def _queue(error: Any) -> web.Response:
    return _answer(507 if error.code == "disk_full" else 503, error.code, str(error))


_TABLE: Sequence[tuple[type[Exception], Callable[[Any], web.Response]]] = (
    (BadRequest, _misfit),
    (WorkflowError, _workflow),
    (IdTaken, lambda e: _answer(409, e.code, str(e))),
    (BadName, lambda e: _answer(400, e.code, str(e))),
    (ChannelError, lambda e: _answer(503, "worker", str(e))),
    (QueueProblem, _queue),
)
