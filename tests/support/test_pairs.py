"""Pairs of real sockets are joined, and closed at the end."""

import socket
from contextlib import AbstractContextManager

import pytest

from tests.support.pairs import TlsContexts, socket_pair, tcp_pair, tls_pair


def _converse(pair: AbstractContextManager[tuple[socket.socket, socket.socket]]) -> None:
    with pair as (near, far):
        near.sendall(b"there")
        assert far.recv(5) == b"there"
        far.sendall(b"back")
        assert near.recv(4) == b"back"
    assert near.fileno() == far.fileno() == -1


def test_socket_pair() -> None:
    _converse(socket_pair())


def test_tcp_pair() -> None:
    _converse(tcp_pair())


def test_tls_pair(tls_contexts: TlsContexts) -> None:
    with tls_pair(tls_contexts) as (client, server):
        client.sendall(b"there")
        assert server.recv(5) == b"there"
        assert client.version() == server.version() == "TLSv1.3"
        server.sendall(b"back")
        assert client.recv(4) == b"back"
    with pytest.raises(OSError):
        client.send(b"x")
