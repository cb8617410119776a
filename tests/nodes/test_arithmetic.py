"""The evaluator of MathExpression: right, bounded, and nothing but arithmetic."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.arithmetic import FUNCTIONS, ExpressionError, as_int, evaluate
from nodes.expression import Numbers, math_expression

VARIABLES = {"a": 7, "b": 2.5, "c": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-2 ** 2", -4),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("7 % 4", 3),
        ("7 / 2", 3.5),
        ("2 ** -1", 0.5),
        ("a * b", 17.5),
        ("a > b", 1),
        ("1 < 2 < 2", 0),
        ("a == 7 and b == 2.5", 1),
        ("not a", 0),
        ("0 or 5", 5),
        ("10 if a > 3 else 20", 10),
        ("min(3, 1, 2) + max(3, 1, 2)", 4),
        ("clamp(12, 0, 10)", 10),
        ("round(2.5)", 2),
        ("round(2.345, 2)", 2.35),
        ("round(1250, -2)", 1200),
        ("floor(-1.5) + ceil(-1.5)", -3),
        ("sqrt(16)", 4.0),
        ("pow(2, 10)", 1024),
        ("hypot(3, 4)", 5.0),
        ("log(e)", 1.0),
        ("sin(pi / 2)", 1.0),
        ("gcd(12, 18)", 6),
        ("sign(-3) + sign(0) + sign(0.5)", 0),
        ("True + 1", 2),
        ("1_000", 1000),
        ("0x10", 16),
        ("\n a\n +\n 1\n", 8),
    ],
)
def test_it_computes(text: str, value: float) -> None:
    found = evaluate(text, VARIABLES)
    assert found == pytest.approx(value)
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("1 +", "cannot be read"),
        ("a.b", "no arithmetic"),
        ("a = 1", "cannot be read"),
        ("d", "known names: a, b, c, pi"),
        ("c + 1", "nothing is connected"),
        ("__import__('os')", "means nothing"),
        ("[1]", "means nothing"),
        ("lambda", "cannot be read"),
        ("a ^ 2", r"write \*\*"),
        ("f(1)", 'no function "f"'),
        ("sqrt()", "takes one number, found 0"),
        ("sqrt(-1)", "has no value"),
        ("(-8) ** 0.5", "real number"),
        ("1 / 0", "divides by zero"),
        ("1 % 0", "divides by zero"),
        ("0 ** -1", "divides by zero"),
        ("9 ** 9 ** 9", "4096 bits"),
        ("1e308 * 10", "infinite"),
        ("1e999", "infinite"),
        ("exp(1000)", "too large"),
        ("2.0 ** 5000", "too large"),
        ("round(1, 99999999)", "from -30 to 30"),
        ("round(1, 0.5)", "from -30 to 30"),
        ("1j", "no arithmetic"),
        ("a if b", "cannot be read"),
        ("(yield)", "no arithmetic"),
        ("(x := 1)", "means nothing"),
        ("min(*a)", "no arithmetic"),
        ("max(key=1)", "no arithmetic|cannot be read|takes"),
        ("a is b", "compare numbers"),
        ("-" * 900 + "1", "cannot be read|levels"),
        ("(" * 400 + "1" + ")" * 400, "cannot be read|levels"),
        ("1" + " + 1" * 200, "levels"),
        ("1" * 1001, "at most 1000"),
    ],
)
def test_what_it_refuses_is_said_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(ExpressionError, match=says):
        evaluate(text, VARIABLES)


def test_numbers_outside_64_bits_are_no_int() -> None:
    assert as_int(2**64 - 1) == 2**64 - 1
    assert as_int(-(2**63)) == -(2**63)
    for number in (2**64, -(2**63) - 1, 1e30):
        with pytest.raises(ExpressionError, match="range of whole numbers"):
            as_int(number)


def test_the_node_gives_whole_part_and_decimals() -> None:
    assert math_expression(expression="a / b", a=-7, b=2) == Numbers(-3, -3.5)
    assert math_expression(expression="a + 1", a=2**53) == Numbers(2**53 + 1, float(2**53 + 1))


ATOMS = st.one_of(
    st.sampled_from(["a", "b", "pi", "e", "d", "True", "1e308", "0", "1"]),
    st.integers(-(10**30), 10**30).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
FORMS = ["({0} {op} {1})", "{0} {op} {1}", "-{0}", "not {0}", "{f}({0})", "{f}({0}, {1})", "{0} if {1} else {0}"]
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "<", "<=", "==", "!=", "and", "or"]


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda form, x, y, op, f: form.format(x, y, op=op, f=f),
        st.sampled_from(FORMS),
        inner,
        inner,
        st.sampled_from(OPERATORS),
        st.sampled_from([*FUNCTIONS]),
    )


def _outcome(text: str) -> float | None:
    try:
        return evaluate(text, VARIABLES)
    except ExpressionError:
        return None


@given(st.recursive(ATOMS, _compound, max_leaves=25))
def test_any_formula_has_a_finite_value_or_a_sentence(text: str) -> None:
    value = _outcome(text)
    if value is not None:
        assert type(value) in (int, float)
        assert value.bit_length() <= 4096 if isinstance(value, int) else math.isfinite(value)


@given(st.text(max_size=60) | st.text(alphabet="0123456789.eEjx_ab+-*/%()<>=!, \n", max_size=1200))
def test_any_text_has_a_finite_value_or_a_sentence(text: str) -> None:
    _outcome(text)


def test_deep_formulas_leave_the_recursion_limit_alone() -> None:
    before = sys.getrecursionlimit()
    for text in ("abs(" * 200 + "1" + ")" * 200, "1" + "**1" * 300, "not " * 240 + "1", "0 if 1 else " * 80 + "1"):
        _outcome(text)
    assert sys.getrecursionlimit() == before


@given(
    st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.sampled_from(["+", "-", "*", "//", "%", "<", "=="])
)
def test_it_agrees_with_python_on_whole_numbers(x: int, y: int, op: str) -> None:
    table = {
        "+": x + y,
        "-": x - y,
        "*": x * y,
        "//": x // y if y else None,
        "%": x % y if y else None,
        "<": int(x < y),
        "==": int(x == y),
    }
    expected = table[op]
    if expected is None:
        with pytest.raises(ExpressionError):
            evaluate(f"a {op} b", {"a": x, "b": y})
    else:
        assert evaluate(f"a {op} b", {"a": x, "b": y}) == expected
