"""Choosing the layer over what a stream is given."""

import ssl

import pytest
from typing_extensions import Buffer

from beastly.core import Deadline, ForwardingLayer, Layer, TimedOut, layer_over
from beastly.core._tcp import SocketLayer
from beastly.core._tls import TlsLayer
from tests.support.memory_layer import connected_pair
from tests.support.pairs import TlsContexts, socket_pair, tls_pair


def test_a_socket_gets_its_layer() -> None:
    with socket_pair() as (near, _):
        assert isinstance(layer_over(near), SocketLayer)


def test_a_tls_socket_gets_its_layer(tls_contexts: TlsContexts) -> None:
    with tls_pair(tls_contexts) as (near, _):
        assert isinstance(near, ssl.SSLSocket)
        assert isinstance(layer_over(near), TlsLayer)


def test_a_layer_stays_as_it_is() -> None:
    near, _ = connected_pair()
    assert isinstance(near, Layer)
    assert layer_over(near) is near


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="must be a connected socket.socket .* not str"):
        layer_over("localhost")


class Counting(ForwardingLayer):
    """A layer that counts what it moves."""

    received = sent = 0

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        data = super().receive(size, deadline)
        self.received += len(data)
        return data

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        count = super().send(data, deadline)
        self.sent += count
        return count


def test_a_layer_can_be_put_over_a_socket() -> None:
    with socket_pair() as (first, second):
        near, far = Counting(first), Counting(second)
        assert isinstance(near, Layer)
        near.send(b"abc", None)
        assert far.receive(9, None) == b"abc"
        assert (near.sent, far.received) == (3, 3)


def test_forwarding_hands_over_everything() -> None:
    with socket_pair() as (first, second):
        first.settimeout(7.5)
        near, far = ForwardingLayer(first), SocketLayer(second)
        assert near.default_timeout == 7.5
        near.receive_timeout = 0.001
        assert near.receive_timeout == near.below.receive_timeout == 0.001
        with pytest.raises(TimedOut):
            near.receive(1, None)
        near.wait(None)
        assert near.send_vector([b"ab", b"c"], None) == 3
        assert far.receive(9, None) == b"abc"
        far.send(b"d", None)
        assert near.receive_into(memoryview(bytearray(2)), None) == 1
        near.shutdown(None)
        assert far.receive(9, None) == b""
        near.abort()
        near.close()
        assert first.fileno() == -1
