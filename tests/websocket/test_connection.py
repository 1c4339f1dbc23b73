"""The end of the layer: who may be inside when it comes."""

import signal
import threading
from types import FrameType

import pytest

from beastly.core import ForwardingLayer
from beastly.websocket import OperationAborted, Stream
from beastly.websocket._connection import Connection
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.open_stream import open_client
from tests.support.threads import BOUND, Background


class SlowEndingLayer(ForwardingLayer):
    """A layer whose `abort` lasts until it is told to go on; `calls` are those that end it."""

    def __init__(self, below: MemoryLayer) -> None:
        super().__init__(below)
        self.calls: list[str] = []
        self.go_on = threading.Event()

    def abort(self) -> None:
        self.calls.append("abort")
        super().abort()
        assert self.go_on.wait(BOUND)
        self.calls.append("aborted")

    def close(self) -> None:
        self.calls.append("close")
        super().close()


def test_the_layer_is_not_closed_within_an_abort() -> None:
    """The number of the descriptor could be another connection's before the abort gets to it."""
    near, far = connected_pair()
    layer = SlowEndingLayer(near)
    ws = open_client(Stream(layer), lambda data: far.send(data, None))
    reading = Background(ws.read)
    near.wait_for_receiver()
    aborting = Background(ws.abort)
    with pytest.raises(AssertionError, match="did not end"):
        # Woken by the abort, it would close the layer on its way out.
        reading.result(0.05)
    layer.go_on.set()
    aborting.result()
    with pytest.raises(OperationAborted, match="it was aborted"):
        reading.result()
    assert layer.calls == ["abort", "aborted", "close"]
    ws.abort()
    assert layer.calls == ["abort", "aborted", "close"]


class SignalledLayer(ForwardingLayer):
    """A layer with a signal at its close."""

    def close(self) -> None:
        signal.raise_signal(signal.SIGALRM)
        super().close()


def test_a_signal_handler_may_abort_at_any_moment() -> None:
    """It runs between two steps of its own thread, whatever locks that one holds."""
    near, far = connected_pair()
    ws = open_client(Stream(SignalledLayer(near)), lambda data: far.send(data, None))
    handled: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        handled.append(number)
        ws.abort()

    before = signal.signal(signal.SIGALRM, handle)
    try:
        ws.abort()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert handled == [signal.SIGALRM]
    assert near.closed


class TakenMeanwhile:
    """A lock that somebody takes for a moment, between the look at it and the first `acquire`."""

    def __init__(self) -> None:
        self.answers = [False, True]

    def locked(self) -> bool:
        return False

    def acquire(self, blocking: bool) -> bool:
        assert not blocking
        return self.answers.pop(0)

    def release(self) -> None:
        assert not self.answers


@pytest.mark.parametrize("half", ["reading", "writing"])
def test_who_finds_a_lock_taken_after_all_looks_again(half: str) -> None:
    """Whoever had it may have looked while this thread held the other one."""
    near, _ = connected_pair()
    connection = Connection(near)
    setattr(connection, half, TakenMeanwhile())
    connection.release()
    assert near.closed
