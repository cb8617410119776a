"""A small bounded evaluator of arithmetic, for MathExpression: no eval, no attributes, no loops, no state."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Number = int | float

MAX_LENGTH = 1000
MAX_DEPTH = 100
MAX_BITS = 4096
MAX_DIGITS = 30
INT_LOW, INT_HIGH = -(2**63), 2**64 - 1

CONSTANTS: Mapping[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}

_FOREIGN = re.compile(r"[^0-9A-Za-z_\s.,()+\-*/%<>=!]")


class ExpressionError(ValueError):
    """An expression that cannot be read or computed; the message says what is wrong and what to write instead."""


def evaluate(expression: str, variables: Mapping[str, Number | None]) -> Number:
    """Value of `expression`; comparisons give 1 or 0, a variable that is None counts as not connected.

    Bounded: 1,000 characters, 100 levels, integers of 4,096 bits, finite floats.

    Raises:
        ExpressionError: the text is no expression of the grammar, or has no finite value.
    """
    tree = _parse(expression)
    try:
        value = _Evaluator(variables).value(tree, 0)
    except ZeroDivisionError:
        raise ExpressionError(f"{expression.strip()!r} divides by zero.") from None
    except OverflowError:
        raise ExpressionError(f"{expression.strip()!r} grows too large for a number.") from None
    return int(value) if isinstance(value, bool) else value


def as_int(value: Number) -> int:
    """`value` cut to its whole part; refused outside -2^63 … 2^64 - 1."""
    whole = int(value)
    if not INT_LOW <= whole <= INT_HIGH:
        raise ExpressionError("The result is outside -2^63 … 2^64 - 1, the range of whole numbers here.")
    return whole


def _parse(expression: str) -> ast.expr:
    text = " ".join(expression.split())
    if not text:
        raise ExpressionError("The expression is empty; write for example: a * 2 + 1")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"The expression has {len(text)} characters; at most {MAX_LENGTH} are read.")
    if foreign := _FOREIGN.search(text):
        raise ExpressionError(f"{foreign.group()!r} means nothing here{_advice(foreign.group())}.")
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ExpressionError(f"{_short(text)!r} cannot be read; write for example: (a + b) / 2") from None


def _advice(character: str) -> str:
    return {"^": "; write ** for a power", "×": "; write *", "÷": "; write /", "√": "; write sqrt(…)"}.get(
        character, ""
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


@dataclass(frozen=True, slots=True)
class _Evaluator:
    variables: Mapping[str, Number | None]

    def value(self, tree: ast.expr, depth: int) -> Number:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"The expression is nested deeper than {MAX_DEPTH} levels.")
        return bounded(self._value(tree, depth + 1))

    def _value(self, tree: ast.expr, depth: int) -> Number:
        match tree:
            case ast.Constant(value=bool() | int() | float() as number):
                return number
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in UNARY:
                return UNARY[type(op)](self.value(operand, depth))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return BINARY[type(op)](self.value(left, depth), self.value(right, depth))
            case ast.BoolOp():
                return self._boolean(tree, depth)
            case ast.Compare():
                return self._compare(tree, depth)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.value(body if self.value(test, depth) else orelse, depth)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(name, args, depth)
        raise ExpressionError(f"{type(tree).__name__} is no arithmetic; there are + - * / // % ** and functions.")

    def _name(self, name: str) -> Number:
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name not in self.variables:
            known = ", ".join([*self.variables, *CONSTANTS])
            raise ExpressionError(f"{name!r} is not known here; known names: {known}.")
        value = self.variables[name]
        if value is None:
            raise ExpressionError(f"The expression uses {name!r}, but nothing is connected to it.")
        if not isinstance(value, int | float):
            raise ExpressionError(f"{name!r} must be a number, found {type(value).__name__}.")
        return value

    def _boolean(self, tree: ast.BoolOp, depth: int) -> Number:
        stop_at = isinstance(tree.op, ast.Or)
        value: Number = 0
        for part in tree.values:
            value = self.value(part, depth)
            if bool(value) is stop_at:
                break
        return value

    def _compare(self, tree: ast.Compare, depth: int) -> Number:
        left = self.value(tree.left, depth)
        for op, part in zip(tree.ops, tree.comparators, strict=True):
            if type(op) not in COMPARE:
                raise ExpressionError("Only < <= > >= == != compare numbers.")
            right = self.value(part, depth)
            if not COMPARE[type(op)](left, right):
                return 0
            left = right
        return 1

    def _call(self, name: str, args: list[ast.expr], depth: int) -> Number:
        if name not in FUNCTIONS:
            raise ExpressionError(f"There is no function {name!r}; there are: {', '.join(FUNCTIONS)}.")
        fewest, most, function = FUNCTIONS[name]
        if not fewest <= len(args) <= most:
            count = str(fewest) if fewest == most else f"{fewest} or more"
            raise ExpressionError(f"{name} takes {count} numbers, found {len(args)}.")
        values = [self.value(arg, depth) for arg in args]
        try:
            return function(*values)
        except ExpressionError:
            raise
        except (ValueError, TypeError):
            shown = ", ".join(_short(str(v)) for v in values)
            raise ExpressionError(f"{name}({shown}) has no value.") from None


def bounded(value: Number) -> Number:
    """`value` itself when it is a finite real number of moderate size."""
    if isinstance(value, complex):
        raise ExpressionError("The result is not a real number (a root of a negative number?).")
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError("A part of the expression is infinite or not a number.")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ExpressionError(f"A part of the expression is longer than {MAX_BITS} bits.")
    return value


def power(base: Number, exponent: Number) -> Number:
    """`base ** exponent`, refused before it is computed when the result would be huge."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(base).bit_length() * abs(exponent) > 2 * MAX_BITS:
        raise ExpressionError(f"A power in the expression is longer than {MAX_BITS} bits.")
    result: Any = base**exponent
    return bounded(result)


def rounded(value: Number, digits: Number = 0) -> Number:
    """`value` to `digits` decimals, half to even; a whole number when digits is 0 or less."""
    places = int(digits)
    if places != digits or abs(places) > MAX_DIGITS:
        raise ExpressionError(f"round takes a whole number of digits from -{MAX_DIGITS} to {MAX_DIGITS}.")
    return round(value, places) if places > 0 else int(round(value, places))


UNARY: Mapping[type[ast.unaryop], Callable[[Number], Number]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: lambda x: int(not x),
}
BINARY: Mapping[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: power,
}
COMPARE: Mapping[type[ast.cmpop], Callable[[Number, Number], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
MANY = MAX_LENGTH
FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., Number]]] = {
    "min": (1, MANY, lambda *v: min(v)),
    "max": (1, MANY, lambda *v: max(v)),
    "clamp": (3, 3, lambda x, low, high: max(low, min(high, x))),
    "abs": (1, 1, abs),
    "sign": (1, 1, lambda x: (x > 0) - (x < 0)),
    "round": (1, 2, rounded),
    "floor": (1, 1, math.floor),
    "ceil": (1, 1, math.ceil),
    "trunc": (1, 1, math.trunc),
    "int": (1, 1, math.trunc),
    "float": (1, 1, float),
    "sqrt": (1, 1, math.sqrt),
    "pow": (2, 2, power),
    "exp": (1, 1, math.exp),
    "log": (1, 2, math.log),
    "log2": (1, 1, math.log2),
    "log10": (1, 1, math.log10),
    "hypot": (1, MANY, math.hypot),
    "sin": (1, 1, math.sin),
    "cos": (1, 1, math.cos),
    "tan": (1, 1, math.tan),
    "asin": (1, 1, math.asin),
    "acos": (1, 1, math.acos),
    "atan": (1, 1, math.atan),
    "atan2": (2, 2, math.atan2),
    "gcd": (1, MANY, math.gcd),
}
