"""Closings that were cut off, and closings that another thread is in."""

from collections.abc import Sequence
from time import monotonic

import pytest
from typing_extensions import Buffer

from beastly.core import Deadline, ForwardingLayer
from beastly.websocket import (
    CloseReason,
    ConnectionClosed,
    FrameType,
    OperationAborted,
    ProtocolViolation,
    Role,
    Stream,
    Timeout,
)
from beastly.websocket._status import Status
from tests.support.memory_layer import connected_pair
from tests.support.open_stream import Frame, Opened, frames_of, open_client, open_server, opened
from tests.support.receiving import frame
from tests.support.threads import Background
from tests.support.wire import MASKING_KEY

NORMAL: Frame = (0x88, b"\x03\xe8")
GOING_AWAY: Frame = (0x88, b"\x03\xe9")


class Interrupt(BaseException):
    """What a signal handler raises."""


class InterruptedLayer(ForwardingLayer):
    """A layer that sends 3 bytes at most, in which a handler raises when `left` calls are done."""

    left = 1_000_000

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        self._count()
        return super().receive(size, deadline)

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        self._count()
        return super().send(bytes(data)[:3], deadline)

    def send_vector(self, pieces: Sequence[Buffer], deadline: Deadline | None) -> int:
        return self.send(b"".join(pieces), deadline)

    def shutdown(self, deadline: Deadline | None) -> None:
        self._count()
        super().shutdown(deadline)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            self.left = 1_000_000
            raise Interrupt


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("left", range(7))
@pytest.mark.parametrize("fault", [False, True])
def test_an_interrupted_end_is_finished_by_close(role: Role, left: int, fault: bool) -> None:
    """One close frame, whole, and the transport ended, wherever the read was cut off."""
    near, far = connected_pair()
    layer = InterruptedLayer(near)
    ws = Stream(layer)
    if role is Role.CLIENT:
        open_client(ws, lambda data: far.send(data, None))
    else:
        open_server(ws)
    far.receive(65536, None)
    near.sends.clear()
    key = MASKING_KEY if role is Role.SERVER else b""
    far.send(frame(0x8B, b"", key) if fault else frame(*GOING_AWAY, key), None)
    far.shutdown(None)
    layer.left = left
    with pytest.raises((Interrupt, ConnectionClosed, ProtocolViolation)):
        ws.read()
    try:
        ws.close(4000)
    except (ConnectionClosed, ProtocolViolation) as error:
        # What the read would have told.
        assert fault or left == 0, error
    (sent,) = frames_of(near.sent, masked=role is Role.CLIENT)
    assert sent in (GOING_AWAY, (0x88, b"\x03\xea"), (0x88, b"\x0f\xa0"))
    assert near.closed
    ws.close()


def _reading_to_the_end(it: Opened, *frames: Frame) -> "Background[str | bytes]":
    """A read that has met the end of the conversation, and waits for that of the transport."""
    it.send(*frames)
    reading = Background(it.ws.read)
    while not it.near.sends:
        it.near.wait_for_receiver()
    it.near.wait_for_receiver()
    return reading


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("first", [GOING_AWAY, (0x8B, b"")])
class TestAnEndInAnotherThread:
    """Section 7.1.1: a socket that is closed too early is reset, and the close frame lost."""

    def test_is_waited_for(self, role: Role, first: Frame) -> None:
        it = opened(role)
        reading = _reading_to_the_end(it, first)
        closing = Background(it.ws.close)
        with pytest.raises(AssertionError, match="did not end"):
            closing.result(0.05)
        assert not it.near.aborted
        it.end()
        closing.result()
        with pytest.raises((ConnectionClosed, ProtocolViolation)):
            reading.result()
        assert it.near.closed

    def test_is_waited_for_until_the_deadline(self, role: Role, first: Frame) -> None:
        """No error: the closing handshake has its outcome."""
        it = opened(role)
        reading = _reading_to_the_end(it, first)
        it.ws.close(timeout=0.01)
        with pytest.raises((ConnectionClosed, ProtocolViolation)):
            reading.result()
        assert it.near.closed


def test_the_callback_does_not_wait_for_the_read_around_it() -> None:
    it = opened()

    def callback(kind: FrameType, payload: bytes) -> None:
        it.ws.close(4000)

    it.ws.control_callback = callback
    it.send(GOING_AWAY)
    it.end()
    with pytest.raises(ConnectionClosed) as caught:
        it.ws.read()
    assert caught.value.clean
    assert it.sent() == [GOING_AWAY]


@pytest.mark.parametrize("role", Role)
def test_an_exception_does_not_wait_for_a_closing_that_was_begun(role: Role) -> None:
    """Ctrl-C in a `close` whose peer does not answer, and then the end of the block."""
    near, far = connected_pair()
    layer = InterruptedLayer(near)
    ws = Stream(layer)
    if role is Role.CLIENT:
        open_client(ws, lambda data: far.send(data, None))
    else:
        open_server(ws)
    ws.set_option(Timeout(handshake_timeout=10))
    # The close frame goes out, and the answer is waited for.
    layer.left = 3 if role is Role.CLIENT else 2
    began = monotonic()
    with pytest.raises(Interrupt), ws:
        ws.close()
    assert monotonic() - began < 5
    assert near.closed
    with pytest.raises(OperationAborted, match="sent a close frame|did not end in time"):
        ws.read()


def test_an_answer_that_cannot_be_sent_is_no_closing_handshake() -> None:
    it = opened(capacity=1)
    writing = Background(lambda: it.ws.write(b"a"))
    it.near.wait_for_sender()
    it.send(GOING_AWAY)
    it.end()
    with pytest.raises(ConnectionClosed, match="no answer could be sent") as caught:
        it.ws.read(timeout=0.01)
    assert not caught.value.clean
    assert caught.value.reason == CloseReason(1001)
    assert it.ws._connection.status is Status.FAILED
    with pytest.raises(OperationAborted):
        writing.result()
    it.ws.close()
    assert it.near.closed
