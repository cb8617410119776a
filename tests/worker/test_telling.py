"""What a worker tells when nobody listens for a while: all that counts, and of the rest the newest."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import numpy as np
import pytest

from engine.models.preview import Draft
from engine.run import events
from engine.run.picture import Picture
from engine.worker.messages import Answer, Happened, Unpacker
from engine.worker.pending import Pending, messages
from engine.worker.pictures import encoded, shown
from engine.worker.sender import Sender
from tests.worker.kit import SECONDS


def test_progress_takes_the_place_of_what_was_said_before() -> None:
    pending = Pending()
    last = [
        events.StepStarted("j", "a"),
        *(events.Progress("j", "a", i, 9) for i in range(9)),
        events.Progress("j", "b", 1, 2),
        events.StepFinished("j", "a", 0.1),
        events.Progress("k", "a", 1, 2),
    ]
    for event in last:
        pending.put(event)
    assert pending.take() == [last[0], events.Progress("j", "a", 8, 9), last[10], last[11], last[12]]
    assert pending.take() == []


def test_neighbouring_events_travel_together() -> None:
    a, b, c = (events.StepStarted("j", n) for n in "abc")
    assert list(messages([a, b, Answer(1), c])) == [Happened((a, b)), Answer(1), Happened((c,))]


def test_a_slow_reader_delays_nobody_and_misses_nothing_that_counts() -> None:
    inlet, outlet = os.pipe()
    sender = Sender(outlet, lambda: None)
    count = 20_000

    def work() -> None:
        for i in range(count):
            sender.tell(events.StepStarted("j", str(i)))
            sender.tell(events.Progress("j", "same", i, count))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(SECONDS)
    assert not worker.is_alive(), "nobody reads, and the worker is through"
    sender.tell(events.JobFinished("j", "success"))
    told = _read(inlet)
    assert [e.node for e in told if isinstance(e, events.StepStarted)] == [str(i) for i in range(count)]
    progress = [e.done for e in told if isinstance(e, events.Progress)]
    assert progress == sorted(progress)
    assert progress[-1] == count - 1
    assert len(progress) < count / 4
    sender.close(SECONDS)
    os.close(inlet)
    os.close(outlet)


def _read(inlet: int) -> list[Any]:
    """Events, up to the end of the job."""
    unpacker, told = Unpacker(), list[Any]()
    while not told or not isinstance(told[-1], events.JobFinished):
        for message in unpacker.feed(os.read(inlet, 1 << 16)):
            assert isinstance(message, Happened)
            told += message.events
    return told


def test_a_reader_that_is_gone_is_noticed() -> None:
    inlet, outlet = os.pipe()
    gone = threading.Event()
    sender = Sender(outlet, gone.set)
    os.close(inlet)
    sender.tell(Answer(1))
    assert gone.wait(SECONDS)
    os.close(outlet)


def test_closing_writes_what_waits() -> None:
    inlet, outlet = os.pipe()
    sender = Sender(outlet, lambda: None)
    sender.tell(events.StepStarted("j", "a"))
    sender.close(SECONDS)
    assert Unpacker().feed(os.read(inlet, 1000)) == [Happened((events.StepStarted("j", "a"),))]
    os.close(inlet)
    os.close(outlet)


@pytest.mark.parametrize(
    ("image", "size"),
    [
        (Draft(np.zeros((16, 24, 3), np.uint8), 512, 8), (192, 128)),
        (Draft(np.zeros((64, 128, 3), np.uint8), 512, 8), (512, 256)),
        (Draft(np.zeros((1000, 10, 3), np.uint8), 100, 8), (1, 100)),
        (np.full((20, 10, 3), 0.5, np.float32), (10, 20)),
        (np.full((1, 20, 10, 1), np.nan), (10, 20)),
        (np.zeros((20, 10, 4), np.uint8), (10, 20)),
    ],
)
def test_whatever_shows_something_is_encoded(image: Any, size: tuple[int, int]) -> None:
    picture = encoded(image, 512)
    assert (picture.width, picture.height) == size
    assert (picture.format, picture.data[:2]) == ("jpeg", b"\xff\xd8")


@pytest.mark.parametrize("image", ["text", np.zeros(3), None, 7])
def test_what_shows_nothing_is_left_out(image: Any) -> None:
    assert shown(events.Preview("j", "n", image), 512) is None


def test_a_picture_stays_as_it_is() -> None:
    event = events.Preview("j", "n", Picture(b"x", "png", 1, 1))
    assert shown(event, 512) is event


def test_nothing_is_encoded_that_is_replaced_before_it_is_sent() -> None:
    inlet, outlet = os.pipe()
    sender = Sender(outlet, lambda: None)
    made: list[int] = []

    class Counted(Draft):
        def picture(self) -> Picture:
            made.append(1)
            return super().picture()

    for _ in range(2000):
        sender.tell(events.Preview("j", "n", Counted(np.zeros((8, 8, 3), np.uint8))))
    sender.tell(events.JobFinished("j", "success"))
    assert _read(inlet)[-1] == events.JobFinished("j", "success")
    assert 1 <= len(made) < 1000
    sender.close(SECONDS)
    os.close(inlet)
    os.close(outlet)


def test_what_is_not_urgent_waits_for_what_is() -> None:
    inlet, outlet = os.pipe()
    sender = Sender(outlet, lambda: None)
    for i in range(50):
        sender.tell(events.StepStarted("j", str(i)))
        time.sleep(0)
    sender.tell(events.JobFinished("j", "success"))
    assert len(_read(inlet)) == 51
    sender.close(SECONDS)
    os.close(inlet)
    os.close(outlet)
