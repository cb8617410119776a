"""MathExpression: arithmetic on numbers from the graph."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from engine.graph.define import node
from engine.graph.sockets import Widget
from nodes.arithmetic import as_int, evaluate

Number = int | float


class Numbers(NamedTuple):
    """The result as a whole number and with its decimals."""

    INT: int
    FLOAT: float


@node("MathExpression", category="utils", label="Math Expression")
def math_expression(
    *,
    expression: Annotated[str, Widget("multiline")] = "a + b",
    a: Number | None = None,
    b: Number | None = None,
    c: Number | None = None,
) -> Numbers:
    """Compute a formula: + - * / // % ** and brackets, < <= > >= == !=, and, or, not, x if y else z.

    Functions: min max clamp abs sign round floor ceil trunc int float sqrt pow exp log log2 log10 hypot sin cos tan
    asin acos atan atan2 gcd; numbers pi, e, tau.  A comparison gives 1 or 0.

    Args:
        expression: The formula, for example: floor(a / 8) * 8
        a: The value of a in the formula.
        b: The value of b in the formula.
        c: The value of c in the formula.

    Returns:
        INT: The whole part of the result.
        FLOAT: The result.
    """
    value = evaluate(expression, {"a": a, "b": b, "c": c})
    return Numbers(as_int(value), float(value))
