"""A read that waits for bytes, with something to send and silence to watch."""

import math

import pytest

from typing_extensions import Buffer

from beastly.core import Deadline, ForwardingLayer
from beastly.websocket import (
    ConnectionClosed,
    Error,
    OperationAborted,
    Role,
    Stream,
    TimedOut,
    Timeout,
)
from beastly.websocket._outgoing import Outgoing
from beastly.websocket._receive import Receiver
from beastly.websocket._send import Sender
from beastly.websocket._silence import Silence
from beastly.websocket._supply import Supply
from beastly.websocket.rfc6455 import Opcode
from tests.support.memory_layer import connected_pair
from tests.support.open_stream import Frame, open_client, open_server, opened
from tests.support.pairs import socket_pair
from tests.support.threads import Background

PING: Frame = (0x89, b"p")
CLOSE: Frame = (0x88, b"\x03\xe8")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("timeout", [None, 30.0])
@pytest.mark.parametrize("pings", [False, True])
def test_silence_is_watched_while_there_is_no_room(
    role: Role, timeout: float | None, pings: bool
) -> None:
    """The peer pings, and then neither reads nor writes any more."""
    it = opened(role, capacity=0)
    it.ws.set_option(Timeout(idle_timeout=0.05, keep_alive_pings=pings))
    it.send(PING)
    with pytest.raises(ConnectionClosed) as gone:
        it.ws.read(timeout=timeout)
    assert gone.value.code is Error.IDLE_TIMEOUT
    assert it.near.closed


def test_room_is_no_sign_of_life() -> None:
    """Any byte of the peer's is; that its system takes some is not."""
    it = opened(capacity=1)
    connection = it.ws._connection
    outgoing = Outgoing(connection, Sender(Role.CLIENT))
    supply = Supply(connection, outgoing, Receiver(Role.CLIENT, connection.buffer))
    silence = Silence(1000, pings=False)
    supply.watch(silence)
    outgoing.post(Opcode.PONG, b"")
    waiting = Background(lambda: supply.more(None))
    it.near.wait_for_receiver()
    it.far.receive(1, None)
    waiting.result()
    assert silence.patience < 1000
    it.send(PING)
    supply.more(None)
    assert silence.patience == 1000


class DeafLayer(ForwardingLayer):
    """A layer whose peer takes nothing, once it is `deaf`."""

    deaf = False

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        if self.deaf:
            raise BrokenPipeError
        return super().send(data, deadline)


@pytest.mark.parametrize("idle", [None, 1000.0])
def test_a_send_that_fails_does_not_keep_the_read_awake(idle: float | None) -> None:
    """There is no room to wait for, so a `wait` for it would return at once and for ever."""
    near, far = connected_pair()
    layer = DeafLayer(near)
    ws = open_client(Stream(layer), lambda data: far.send(data, None))
    ws.set_option(Timeout(idle_timeout=idle))
    layer.deaf = True
    far.send(b"\x89\x00", None)
    for _ in range(2):
        with pytest.raises(TimedOut):
            ws.read(timeout=0.01)
    far.send(b"\x81\x04more", None)
    assert ws.read() == "more"


def test_closing_without_a_deadline_lasts_longer_than_the_silence() -> None:
    """The idle timeout, which the socket itself keeps, is for open streams."""
    with socket_pair() as (near, far):
        ws = open_server(Stream(near))
        ws.set_option(Timeout(idle_timeout=0.02))
        closing = Background(lambda: ws.close(timeout=math.inf))
        far.recv(65536)
        with pytest.raises(AssertionError, match="did not end"):
            closing.result(0.1)
        far.sendall(b"\x88\x80\x00\x00\x00\x00")
        far.close()
        closing.result()


def test_silence_does_not_fail_a_closing_that_began_meanwhile() -> None:
    it = opened()
    # Long enough for the closing to begin first on a busy machine.
    it.ws.set_option(Timeout(idle_timeout=1))
    reading = Background(it.ws.read)
    it.near.wait_for_receiver()
    closing = Background(it.ws.close)
    it.far.receive(100, None)
    with pytest.raises(AssertionError, match="did not end"):
        reading.result(1.5)
    it.send(CLOSE)
    it.end()
    closing.result()
    with pytest.raises(OperationAborted, match="1000"):
        reading.result()
