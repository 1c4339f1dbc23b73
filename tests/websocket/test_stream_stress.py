"""The thread contract under load: full duplex from many threads, over TLS and over chopped sockets.

`make stress` runs the same for longer: STRESS multiplies the number of messages.
"""

import os
import random
import socket
import ssl
from collections.abc import Callable

import pytest
from typing_extensions import Buffer

from beastly.core import Deadline, ForwardingLayer, Layer
from beastly.websocket import Stream
from tests.support.pairs import TlsContexts, socket_pair, tls_pair
from tests.support.threads import run

SCALE = int(os.environ.get("STRESS", "1"))
WRITERS = 3
BOUND = 50.0 * SCALE


class Chopper(ForwardingLayer):
    """A layer that moves as many bytes at a time as chance will have it."""

    def __init__(self, below: Layer | socket.socket, seed: int) -> None:
        super().__init__(below)
        self._cuts = {half: random.Random(f"{seed} {half}") for half in ("receive", "send")}

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        return super().receive(min(size, self._cuts["receive"].randint(1, 300)), deadline)

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        view = memoryview(data)
        return super().send(view[: self._cuts["send"].randint(1, 300)], deadline)


def text(writer: int, number: int) -> str:
    """A message that tells whose it is and cannot be mistaken for another one."""
    return f"{writer} {number} " + "é" * (number * 7 % 400)


def write(stream: Stream[Layer | socket.socket], writer: int, count: int, ping_every: int) -> None:
    for number in range(count):
        stream.write(text(writer, number))
        if ping_every and number % ping_every == 0:
            stream.ping(b"%d" % number)


def read(stream: Stream[Layer | socket.socket], count: int) -> int:
    """Read what all writers of the peer send; the messages of each must come in its order."""
    expected = [0] * WRITERS
    pongs: list[bytes] = []
    stream.control_callback = lambda kind, payload: pongs.append(payload)
    for _ in range(count * WRITERS):
        message = stream.read_text()
        writer = int(message.split()[0])
        assert message == text(writer, expected[writer])
        expected[writer] += 1
    assert expected == [count] * WRITERS
    return len(pongs)


def full_duplex(
    near: Layer | socket.socket, far: Layer | socket.socket, count: int, ping_every: int
) -> None:
    """Shake hands, let one thread read and three write on each side, close from one of them."""
    client: Stream[Layer | socket.socket] = Stream(near)
    server: Stream[Layer | socket.socket] = Stream(far)
    run(lambda: client.handshake("localhost", "/"), server.accept)

    def writing(stream: Stream[Layer | socket.socket], writer: int) -> Callable[[], None]:
        return lambda: write(stream, writer, count, ping_every)

    def reading(stream: Stream[Layer | socket.socket]) -> Callable[[], None]:
        def read_all() -> None:
            read(stream, count)

        return read_all

    calls = [reading(client), reading(server)]
    calls += [writing(stream, number) for stream in (client, server) for number in range(WRITERS)]
    run(*calls, bound=BOUND)
    run(client.close, lambda: list(server))


@pytest.mark.timeout(60 * SCALE)
def test_tls(tls_contexts: TlsContexts) -> None:
    """20 fresh connections: OpenSSL's state must survive, and no descriptor be mistaken."""
    for _ in range(20):
        with tls_pair(tls_contexts) as (near, far):
            assert isinstance(near, ssl.SSLSocket)
            full_duplex(near, far, 100 * SCALE, 0)


@pytest.mark.timeout(60 * SCALE)
@pytest.mark.parametrize("seed", range(3))
def test_plain_sockets_with_random_cuts_and_pings(seed: int) -> None:
    with socket_pair() as (first, second):
        full_duplex(Chopper(first, seed), Chopper(second, -seed - 1), 150 * SCALE, 5)


@pytest.mark.timeout(60 * SCALE)
def test_closing_from_another_thread_and_connecting_anew(tls_contexts: TlsContexts) -> None:
    """A reader that is blocked when its stream is closed must not eat the next one's bytes."""
    for _ in range(20 * SCALE):
        with tls_pair(tls_contexts) as (near, far):
            client, server = Stream(near), Stream(far)
            run(lambda: client.handshake("localhost", "/"), server.accept)
            server.write("hello")
            received: list[str | bytes] = []
            run(lambda: received.extend(client), client.close, lambda: list(server))
            assert received in ([], ["hello"])
