"""What a service refuses: a code and one sentence."""

from __future__ import annotations


class ServiceProblem(Exception):
    """A request that cannot be met; `str()` of it is one sentence."""

    code = "refused"


class ServiceBusy(ServiceProblem):
    """The worker does not answer now: it is starting, or is being started anew."""

    code = "busy"


class BadName(ServiceProblem):
    """An id or a name of a client that is too long or has characters that are not plain."""

    code = "bad_name"


class BadNumber(ServiceProblem):
    """A place in the queue that is none."""

    code = "bad_number"


class IdTaken(ServiceProblem):
    """There is a job of this id with another graph."""

    code = "id_taken"
