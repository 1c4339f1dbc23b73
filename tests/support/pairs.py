"""Connected pairs of real sockets: a local pair, loopback TCP, and TLS with real certificates."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import trustme

from tests.support.threads import run

__all__ = ["TlsContexts", "make_tls_contexts", "socket_pair", "tcp_pair", "tls_pair"]

HOST = "localhost"


@dataclass(frozen=True)
class TlsContexts:
    """The contexts of both ends; the client trusts the server's certificate for `localhost`."""

    client: ssl.SSLContext
    server: ssl.SSLContext


def make_tls_contexts() -> TlsContexts:
    """Make a certificate authority, and contexts whose certificate it signed."""
    authority = trustme.CA()
    client = ssl.create_default_context()
    authority.configure_trust(client)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST, "127.0.0.1").configure_cert(server)
    return TlsContexts(client, server)


@contextmanager
def socket_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two joined sockets without a network. Both are closed at the end."""
    first, second = socket.socketpair()
    with first, second:
        yield first, second


@contextmanager
def tcp_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client's and a server's TCP socket over the loopback. Both are closed at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    with client, server:
        yield client, server


@contextmanager
def tls_pair(contexts: TlsContexts) -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    """A client's and a server's TLS socket after their handshake. Both are closed at the end."""
    with tcp_pair() as (client, server):
        client_tls, server_tls = run(
            lambda: contexts.client.wrap_socket(client, server_hostname=HOST),
            lambda: contexts.server.wrap_socket(server, server_side=True),
        )
        with client_tls, server_tls:
            yield client_tls, server_tls
