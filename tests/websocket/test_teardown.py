"""Ending the connection below a stream: RFC 6455 section 7.1.1."""

import socket

import pytest

from beastly.core import Deadline, Role, layer_over
from beastly.core._tls import TlsLayer
from beastly.websocket import teardown
from beastly.websocket._teardown import DRAIN_MAX
from tests.support.memory_layer import connected_pair
from tests.support.pairs import TlsContexts, tcp_pair, tls_pair
from tests.support.threads import BOUND, Background


def test_the_server_ends_first() -> None:
    near, far = connected_pair()
    far.send(b"what nobody will read", None)
    tearing = Background(lambda: teardown(near, Role.SERVER, None))
    assert far.receive(1, None) == b""
    near.wait_for_receiver()
    far.shutdown(None)
    tearing.result()
    assert near.unread == 0
    assert not near.closed


def test_the_client_waits_for_the_server() -> None:
    near, far = connected_pair()
    far.send(b"what nobody will read", None)
    tearing = Background(lambda: teardown(near, Role.CLIENT, None))
    near.wait_for_receiver()
    assert not near.ended
    far.shutdown(None)
    tearing.result()
    assert near.ended
    assert not near.closed


@pytest.mark.parametrize("role", Role)
def test_a_peer_that_stays_is_left_at_the_deadline(role: Role) -> None:
    near, _ = connected_pair()
    teardown(near, role, Deadline(0))
    assert near.ended == (role is Role.SERVER)


@pytest.mark.parametrize("role", Role)
def test_a_reset_is_an_end_too(role: Role) -> None:
    near, far = connected_pair()
    far.reset()
    teardown(near, role, None)
    assert near.unread == 0


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("more", [0, 100_000])
def test_no_more_is_dropped_than_the_limit(role: Role, more: int) -> None:
    near, far = connected_pair()
    far.send(bytes(DRAIN_MAX + more), None)
    teardown(near, role, None)
    assert near.unread == more
    assert near.ended


def test_the_last_words_arrive_over_tcp() -> None:
    """A socket that is closed while bytes lie unread is reset, which may overtake what it sent."""
    with tcp_pair() as (client, server):
        client.sendall(b"x" * 100_000)
        client.shutdown(socket.SHUT_WR)
        server.sendall(b"last words")
        teardown(layer_over(server), Role.SERVER, Deadline(BOUND))
        server.close()
        assert client.recv(100) == b"last words"
        assert client.recv(100) == b""


def test_the_last_words_arrive_over_tls(tls_contexts: TlsContexts) -> None:
    """The end is announced by `close_notify` (RFC 8446 section 6.1) before TCP's."""
    with tls_pair(tls_contexts) as (client, server):
        client.sendall(b"x" * 100_000)
        server.sendall(b"last words")
        tearing = Background(lambda: teardown(layer_over(server), Role.SERVER, Deadline(BOUND)))
        reading = TlsLayer(client)
        assert reading.receive(100, None) == b"last words"
        assert reading.receive(100, None) == b""
        assert not reading.truncated
        client.close()
        tearing.result()
