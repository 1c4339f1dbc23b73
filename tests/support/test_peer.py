"""A scripted peer reports what differs from its script, and always ends."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.pairs import socket_pair, tcp_pair
from tests.support.peer import Peer, peer


@contextmanager
def _ends(kind: str) -> Iterator[tuple["_Near", socket.socket | MemoryLayer]]:
    if kind == "memory":
        layer, far_layer = connected_pair(chunk=3)
        yield _Near(layer), far_layer
    else:
        with socket_pair() as (near, far):
            yield _Near(near), far


class _Near:
    """The test's own end, with the same verbs over both kinds."""

    def __init__(self, transport: socket.socket | MemoryLayer) -> None:
        self._transport = transport

    def send(self, data: bytes) -> None:
        if isinstance(self._transport, socket.socket):
            self._transport.sendall(data)
        else:
            self._transport.send(data, None)

    def receive(self) -> bytes:
        if isinstance(self._transport, socket.socket):
            return self._transport.recv(3)
        return self._transport.receive(3, None)

    def end(self) -> None:
        if isinstance(self._transport, socket.socket):
            self._transport.shutdown(socket.SHUT_WR)
        else:
            self._transport.shutdown(None)


KINDS = pytest.mark.parametrize("kind", ["memory", "socket"])


@KINDS
def test_a_whole_script(kind: str) -> None:
    def script(far: Peer) -> None:
        assert far.read_until(b"\r\n") == b"head\r\n"
        far.expect(b"")
        far.expect(b"bo")
        assert far.receive()[:1] == b"d"
        far.send(b"abc")
        assert far.read_to_end().endswith(b"rest")
        far.expect_end()
        far.shutdown()

    with _ends(kind) as (near, transport), peer(transport, script):
        near.send(b"head\r\nbody")
        assert near.receive() == b"abc"
        near.send(b"rest")
        near.end()
        assert near.receive() == b""


@KINDS
def test_other_bytes_than_expected_fail_at_the_first(kind: str) -> None:
    with _ends(kind) as (near, transport):
        with pytest.raises(AssertionError, match=r"expected b'abcdef', received b'abX'"):
            with peer(transport, lambda far: far.expect(b"abcdef")):
                near.send(b"abX")


@KINDS
def test_an_early_end_fails(kind: str) -> None:
    with _ends(kind) as (near, transport):
        with pytest.raises(AssertionError, match="received b'ab'"):
            with peer(transport, lambda far: far.expect(b"abc")):
                near.send(b"ab")
                near.end()
    with _ends(kind) as (near, transport):
        with pytest.raises(AssertionError, match="before the end"):
            with peer(transport, lambda far: far.read_until(b"\n")):
                near.end()


@KINDS
def test_bytes_instead_of_the_end_fail(kind: str) -> None:
    with _ends(kind) as (near, transport):
        with pytest.raises(AssertionError, match="expected the end"):
            with peer(transport, Peer.expect_end):
                near.send(b"more")
                near.end()


@KINDS
def test_a_failing_test_interrupts_the_script(kind: str) -> None:
    with _ends(kind) as (_, transport), pytest.raises(LookupError):
        with peer(transport, lambda far: far.expect(b"never sent")):
            raise LookupError


def test_two_failures_are_raised_together() -> None:
    near, far_layer = connected_pair()
    with pytest.raises(ExceptionGroup) as caught:
        with peer(far_layer, lambda far: far.expect(b"a")) as running:
            near.send(b"b", None)
            with pytest.raises(AssertionError):
                running.result()
            raise LookupError
    assert [type(error) for error in caught.value.exceptions] == [LookupError, AssertionError]


def test_the_transport_is_closed_at_the_end() -> None:
    near, far_layer = connected_pair()
    with peer(far_layer, lambda far: far.send(b"bye")):
        pass
    assert near.receive(9, None) == b"bye"
    assert near.receive(9, None) == b""


def test_reset() -> None:
    near, far_layer = connected_pair()
    with peer(far_layer, Peer.reset), pytest.raises(ConnectionResetError):
        near.receive(1, None)
    with tcp_pair() as (client, server):
        with peer(server, Peer.reset), pytest.raises(ConnectionResetError):
            client.recv(1)


def test_interrupting_a_closed_socket_is_harmless() -> None:
    with socket_pair() as (_, transport), pytest.raises(LookupError):
        with peer(transport, Peer.close) as running:
            running.result()
            raise LookupError
