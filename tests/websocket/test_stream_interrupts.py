"""Signals: a handler that raises in a blocked call ends the call at once, and the stream goes on.

The main thread runs the call, as only it runs handlers. The signal comes while the call is blocked;
should it come too early on a slow machine, the call is left all the same, only less is shown.
"""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import TypeAlias

import pytest

from beastly.websocket import ConnectionClosed, Role, Stream
from tests.support.open_stream import opened
from tests.support.pairs import TlsContexts, socket_pair, tls_pair
from tests.support.threads import Background, run

DELAY = 0.05
LARGE = 32 * 1024 * 1024

Pair: TypeAlias = tuple[socket.socket, socket.socket]
MakePair: TypeAlias = Callable[[], AbstractContextManager[Pair]]


@pytest.fixture(params=["plain", "TLS"])
def make_pair(request: pytest.FixtureRequest, tls_contexts: TlsContexts) -> MakePair:
    return socket_pair if request.param == "plain" else lambda: tls_pair(tls_contexts)


@contextmanager
def interrupted() -> Iterator[None]:
    """Expect the block to be left by the handler of a signal, which comes soon.

    Not of an alarm: that one is for the timeout which fails a test that hangs.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    sender = threading.Timer(DELAY, signal.pthread_kill, (threading.get_ident(), signal.SIGUSR1))
    sender.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        sender.cancel()
        sender.join()
        signal.signal(signal.SIGUSR1, before)


def open_both(pair: Pair) -> tuple[Stream[socket.socket], Stream[socket.socket]]:
    client, server = Stream(pair[0]), Stream(pair[1])
    run(lambda: client.handshake("localhost", "/"), server.accept)
    return client, server


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_a_read(make_pair: MakePair, timeout: float | None) -> None:
    with make_pair() as pair:
        client, server = open_both(pair)
        with interrupted():
            client.read(timeout=timeout)
        server.write("after")
        assert client.read(timeout=timeout) == "after"
        run(client.close, lambda: list(server))


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_a_write(make_pair: MakePair, timeout: float | None) -> None:
    """What was begun goes out whole, before the next message."""
    with make_pair() as pair:
        client, server = open_both(pair)
        server.read_message_max = LARGE
        data = bytes(range(256)) * (LARGE // 256)
        with interrupted():
            client.write(data, timeout=timeout)
        reading = Background(lambda: [server.read_bytes(), server.read_text()])
        client.write("after", timeout=timeout)
        assert reading.result() == [data, "after"]
        run(client.close, lambda: list(server))


def test_an_accept(make_pair: MakePair) -> None:
    """The part of the request that has come is not lost."""
    request = (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with make_pair() as (near, far):
        server = Stream(near)
        far.sendall(request[:50])
        with interrupted():
            server.accept()
        far.sendall(request[50:])
        server.accept()
        assert far.recv(12) == b"HTTP/1.1 101"
        server.abort()


def test_a_close(make_pair: MakePair) -> None:
    """The close frame is out; another close waits for the answer again, and sends none."""
    with make_pair() as pair:
        client, server = open_both(pair)
        with interrupted():
            client.close()

        def read() -> ConnectionClosed:
            with pytest.raises(ConnectionClosed) as closed:
                server.read()
            return closed.value

        _, closed = run(client.close, read)
        assert closed.clean
        assert closed.reason is not None
        assert closed.reason.code == 1000


def test_the_answer_to_a_close() -> None:
    """It waits for a message that is being sent; another close gives it then."""
    it = opened(Role.SERVER, capacity=1)
    writing = Background(lambda: it.ws.write("before"))
    it.near.wait_for_sender()
    it.send((0x88, b"\x03\xe9"))
    with interrupted():
        it.ws.read()
    it.near.capacity = None
    it.end()
    it.far.receive(1, None)
    writing.result()
    it.ws.close(4000)
    assert it.sent() == [(0x81, b"before"), (0x88, b"\x03\xe9")]
    assert it.near.closed


def test_a_handshake(make_pair: MakePair) -> None:
    """The one that cannot go on: a late response would be taken for that of the next request."""
    with make_pair() as (near, _):
        client = Stream(near)
        with interrupted():
            client.handshake("localhost", "/")
        client.close()
        assert near.fileno() == -1
