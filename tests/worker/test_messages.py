"""Messages on a pipe: what is packed comes out the same, in whatever pieces; what is none is refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.run import events
from engine.run.picture import Picture
from engine.settings import Settings
from engine.worker import messages as m
from engine.worker.options import from_options, to_options

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TEXT = st.text(max_size=8)
DICT = st.dictionaries(TEXT, JSON, max_size=3)
NAMES = st.lists(TEXT, max_size=3).map(tuple)
SINGLE = st.one_of(
    st.builds(m.Work, TEXT, DICT, NAMES, st.booleans(), st.none() | TEXT, DICT, st.integers(-(2**40), 2**40)),
    st.builds(m.Cancel, TEXT),
    st.builds(m.Ask, st.integers(0, 2**40), TEXT, DICT),
    st.builds(m.Stop, st.floats(0, 1e6)),
    st.builds(m.Ready, DICT),
    st.builds(m.Failed, TEXT),
    st.builds(m.Answer, st.integers(0, 2**40), JSON, st.none() | TEXT),
    st.builds(m.Stopped, NAMES),
)
PICTURES = st.builds(
    Picture, st.binary(max_size=50), st.sampled_from(["jpeg", "png"]), st.integers(1, 99), st.integers(1, 99)
)
EVENTS = st.one_of(
    st.builds(events.JobStarted, TEXT, NAMES, NAMES),
    st.builds(events.StepFinished, TEXT, TEXT, st.floats(0, 9), DICT, st.booleans(), st.booleans()),
    st.builds(events.Progress, TEXT, TEXT, st.integers(0, 9), st.integers(0, 9)),
    st.builds(events.Preview, TEXT, TEXT, PICTURES),
    st.builds(events.JobFinished, TEXT, st.sampled_from(["success", "error", "cancelled"])),
)


@given(st.lists(SINGLE | st.lists(EVENTS, max_size=6).map(tuple).map(m.Happened), max_size=5), st.integers(1, 40))
def test_what_is_packed_comes_out_the_same(sent: list[m.Message], piece: int) -> None:
    data = b"".join(map(m.pack, sent))
    unpacker, came = m.Unpacker(), list[m.Message]()
    for at in range(0, len(data), piece):
        came += unpacker.feed(data[at : at + piece])
    assert flat(came) == flat(sent)


def flat(told: list[m.Message]) -> list[Any]:
    """Messages, with events by themselves: how many travel together says nothing."""
    return [e for message in told for e in (message.events if isinstance(message, m.Happened) else [message])]


@given(st.binary(min_size=8, max_size=200))
def test_what_is_no_message_is_refused_or_waited_for(data: bytes) -> None:
    came: list[m.Message] = []
    with suppress(m.ProtocolError):
        came = m.Unpacker().feed(data)
    assert came == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"kind":"weather"}', b'{"kind":"cancel"}', b'{"kind":"cancel","job":1,"more":2}',
     b'{"bytes":-1}', b'{"kind":"events","events":[{"kind":"Nothing"}]}', b"\xff\xff", b"[" * 100_000],
)  # fmt: skip
def test_nonsense_in_a_frame_is_a_protocol_error(body: bytes) -> None:
    with pytest.raises(m.ProtocolError):
        m.Unpacker().feed(m.LENGTH.pack(len(body)) + body + m.LENGTH.pack(0))


def test_values_that_are_no_json_are_told_as_text() -> None:
    ui = {"a": [float("nan"), {1, 2}, b"x"], 3: Path("p")}
    sent = m.Happened((events.StepFinished("j", "n", 0.1, ui),))
    (came,) = m.Unpacker().feed(m.pack(sent))
    assert isinstance(came, m.Happened)
    assert came.events[0].ui == {"a": [None, [1, 2], "b'x'"], "3": "p"}  # type: ignore[union-attr]


def test_thousands_of_events_travel_in_few_frames() -> None:
    sent = m.Happened(tuple(events.StepStarted("j", str(i)) for i in range(6000)))
    assert len(m.Unpacker().feed(m.pack(sent))) == 6000 / m.AT_ONCE


def test_a_command_line_says_all_settings(tmp_path: Path) -> None:
    chosen = Settings(
        tmp_path / "da ta", (tmp_path / "a", tmp_path / "b=c"), "bf16", "auto", 5, 0, "cuda:1", 7,
        at_once=3, preview_method="latent2rgb", preview_size=64, folders=(("output", tmp_path / "x=y"),),
    )  # fmt: skip
    assert from_options(to_options(chosen)) == chosen
    assert from_options(to_options(Settings(tmp_path))) == Settings(tmp_path)
