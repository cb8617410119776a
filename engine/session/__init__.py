"""The engine as a library: `with Session() as session: session.run("workflow.json")`."""

from engine.session.job import Job
from engine.session.result import Result
from engine.session.session import Session
from engine.workflow.error import WorkflowError

__all__ = ["Job", "Result", "Session", "WorkflowError"]
