"""A small bounded evaluator of arithmetic, for MathExpression: no eval, no attributes, no loops, no state."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.graph.told import Told

Number = int | float

MAX_LENGTH = 1000
MAX_DEPTH = 100
MAX_BITS = 4096
MAX_DIGITS = 30
INT_LOW, INT_HIGH = -(2**63), 2**64 - 1

CONSTANTS: Mapping[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}

_FOREIGN = re.compile(r"[^0-9A-Za-z_\s.,()+\-*/%<>=!]")


class ExpressionError(Told):
    """An expression that cannot be read or computed; the message says what is wrong and what to write instead."""


def evaluate(expression: str, variables: Mapping[str, Number | None]) -> Number:
    """Value of `expression`; comparisons give 1 or 0, a variable that is None counts as not connected.

    Bounded: 1,000 characters, 100 levels, integers of 4,096 bits, finite floats.

    Raises:
        ExpressionError: the text is no expression of the grammar, or has no finite value.
    """
    text = _in_a_line(expression)
    tree = _parse(text)
    try:
        value = _Evaluator(text, variables).value(tree, 0)
    except ZeroDivisionError:
        raise ExpressionError('"{expression}" divides by zero.', expression=_short(text)) from None
    except OverflowError:
        raise ExpressionError('"{expression}" grows too large for a number.', expression=_short(text)) from None
    return int(value) if isinstance(value, bool) else value


def as_int(value: Number) -> int:
    """`value` cut to its whole part; refused outside -2^63 … 2^64 - 1."""
    whole = int(value)
    if not INT_LOW <= whole <= INT_HIGH:
        raise ExpressionError(
            "The result {value} is outside -2^63 … 2^64 - 1, the range of whole numbers here; take a smaller one.",
            value=_short(str(whole)),
        )
    return whole


def _in_a_line(expression: str) -> str:
    return " ".join(expression.split())


def _parse(text: str) -> ast.expr:
    if not text:
        raise ExpressionError("The expression is empty; write for example: a * 2 + 1")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            "The expression has {found} characters, and at most {most} are read; split it among several nodes.",
            found=len(text),
            most=MAX_LENGTH,
        )
    if foreign := _FOREIGN.search(text):
        raise _foreign(foreign.group())
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ExpressionError(
            '"{expression}" cannot be read; write for example: (a + b) / 2', expression=_short(text)
        ) from None


BETTER: Mapping[str, str] = {"^": "**", "×": "*", "÷": "/", "√": "sqrt(…)"}
"""How signs of mathematics are written here."""


def _foreign(character: str) -> ExpressionError:
    if character in BETTER:
        return ExpressionError(
            '"{character}" means nothing here; write {better}.', character=character, better=BETTER[character]
        )
    return ExpressionError(
        '"{character}" means nothing here; there are numbers, names, brackets and + - * / // % **.', character=character
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


@dataclass(frozen=True, slots=True)
class _Evaluator:
    text: str
    variables: Mapping[str, Number | None]

    def value(self, tree: ast.expr, depth: int) -> Number:
        if depth > MAX_DEPTH:
            raise ExpressionError(
                "The expression is nested deeper than {most} levels; split it among several nodes.", most=MAX_DEPTH
            )
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
        raise ExpressionError(
            '"{part}" is no arithmetic; there are numbers, names, brackets, functions and + - * / // % **.',
            part=_short(self.text[tree.col_offset : tree.end_col_offset]),
        )

    def _name(self, name: str) -> Number:
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name not in self.variables:
            raise ExpressionError(
                '"{name}" is not known here; known names: {known}.', name=name, known=[*self.variables, *CONSTANTS]
            )
        value = self.variables[name]
        if value is None:
            raise ExpressionError(
                'The expression uses "{name}", but nothing is connected to it; connect a number.', name=name
            )
        if not isinstance(value, int | float):
            raise ExpressionError('"{name}" must be a number, found {found}.', name=name, found=type(value).__name__)
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
            raise ExpressionError('There is no function "{name}"; there are: {known}.', name=name, known=[*FUNCTIONS])
        fewest, most, function = FUNCTIONS[name]
        if not fewest <= len(args) <= most:
            raise _wrong_count(name, len(args))
        values = [self.value(arg, depth) for arg in args]
        try:
            return function(*values)
        except ExpressionError:
            raise
        except (ValueError, TypeError):
            shown = ", ".join(_short(str(v)) for v in values)
            raise ExpressionError(
                "{name}({values}) has no value; give it other numbers.", name=name, values=shown
            ) from None


def _wrong_count(name: str, found: int) -> ExpressionError:
    fewest, most, _ = FUNCTIONS[name]
    if most == 1:
        return ExpressionError("{name} takes one number, found {found}.", name=name, found=found)
    if fewest == most:
        return ExpressionError("{name} takes {count} numbers, found {found}.", name=name, count=fewest, found=found)
    if most == MANY:
        return ExpressionError(
            "{name} takes {count} or more numbers, found {found}.", name=name, count=fewest, found=found
        )
    return ExpressionError(
        "{name} takes {fewest} to {most} numbers, found {found}.", name=name, fewest=fewest, most=most, found=found
    )


def bounded(value: Number) -> Number:
    """`value` itself when it is a finite real number of moderate size."""
    if isinstance(value, complex):
        raise ExpressionError("The result is not a real number (a root of a negative number?).")
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError("A part of the expression is infinite or not a number.")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ExpressionError("A part of the expression is a whole number of more than {most} bits.", most=MAX_BITS)
    return value


def power(base: Number, exponent: Number) -> Number:
    """`base ** exponent`, refused before it is computed when the result would be huge."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(base).bit_length() * abs(exponent) > 2 * MAX_BITS:
        raise ExpressionError("A power in the expression is a whole number of more than {most} bits.", most=MAX_BITS)
    result: Any = base**exponent
    return bounded(result)


def rounded(value: Number, digits: Number = 0) -> Number:
    """`value` to `digits` decimals, half to even; a whole number when digits is 0 or less."""
    places = int(digits)
    if places != digits or abs(places) > MAX_DIGITS:
        raise ExpressionError(
            "round takes a whole number of digits from -{most} to {most}, found {found}.",
            most=MAX_DIGITS,
            found=_short(str(digits)),
        )
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
