"""Conversations with other people's endpoints, in both roles, over TCP and, shorter, over TLS.

Text, binary, empty and 16 MiB messages, fragments with a ping between them, a close with a reason.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
import websocket as websocket_client
import websockets.sync.client
import websockets.sync.server
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.server import ServerConnection

from beastly.websocket import CloseReason, ConnectionClosed, FrameType, Stream
from tests.support.pairs import HOST, TlsContexts
from tests.support.threads import Background

ADDRESS: Final = "127.0.0.1"
REASON: Final = CloseReason(1000, "grüezi")
LARGEST: Final = 16 * 1024 * 1024


@pytest.fixture(params=["tcp", "tls"])
def tls(request: pytest.FixtureRequest, tls_contexts: TlsContexts) -> TlsContexts | None:
    """The contexts of both ends for TLS, or `None` for plain TCP."""
    return tls_contexts if request.param == "tls" else None


def _messages(tls: TlsContexts | None) -> list[str | bytes]:
    size = LARGEST if tls is None else 1024 * 1024
    return ["grüezi", b"\x00\xff", "", b"", "é" * 40_000, bytes(range(256)) * (size // 256)]


class _Told:
    """What our side was told in the end."""

    def __init__(self) -> None:
        self.end: ConnectionClosed | None = None
        self.control: list[tuple[FrameType, bytes]] = []


@contextmanager
def _our_echo_server(tls: TlsContexts | None) -> Iterator[tuple[socket.socket, _Told]]:
    """A connected client socket whose far end is a stream that echoes; what that was told."""
    told = _Told()
    with socket.create_server((ADDRESS, 0)) as listener:

        def serve() -> None:
            sock, _ = listener.accept()
            if tls is not None:
                sock = tls.server.wrap_socket(sock, server_side=True)
            with Stream(sock) as ws:
                ws.control_callback = lambda kind, payload: told.control.append((kind, payload))
                ws.accept(timeout=10)
                try:
                    while True:
                        ws.write(ws.read(timeout=30))
                except ConnectionClosed as end:
                    told.end = end

        serving = Background(serve)
        sock = socket.create_connection(listener.getsockname())
        if tls is not None:
            sock = tls.client.wrap_socket(sock, server_hostname=HOST)
        with sock:
            yield sock, told
        serving.result()


def _check_end(told: _Told, *pings: bytes) -> None:
    assert told.end is not None
    assert told.end.clean
    assert told.end.reason == REASON
    control = [(FrameType.PING, ping) for ping in pings]
    assert told.control == [*control, (FrameType.CLOSE, REASON.reason.encode())]


def test_our_server_and_websockets(tls: TlsContexts | None) -> None:
    pongs: list[object] = []
    with (
        _our_echo_server(tls) as (sock, told),
        websockets.sync.client.connect(
            f"ws://{ADDRESS}/", sock=sock, max_size=None, ping_interval=None
        ) as client,
    ):
        for message in _messages(tls):
            client.send(message)
            assert client.recv(timeout=30) == message

        def fragments() -> Iterator[str]:
            yield "one, "
            pongs.append(client.ping(b"between"))
            yield ""
            yield "two"

        client.send(fragments())
        assert client.recv(timeout=30) == "one, two"
        assert len(pongs) == 1
        client.close(1000, REASON.reason)
        assert client.close_code == 1000
    _check_end(told, b"between")


def test_our_server_and_websocket_client(tls: TlsContexts | None) -> None:
    with _our_echo_server(tls) as (sock, told):
        client = websocket_client.create_connection(f"ws://{ADDRESS}/", socket=sock, timeout=30)
        for message in _messages(tls):
            if isinstance(message, str):
                client.send(message)
            else:
                client.send_binary(message)
            assert client.recv() == message
        frame = websocket_client.ABNF.create_frame
        client.send_frame(frame("one, ", websocket_client.ABNF.OPCODE_TEXT, 0))
        client.ping(b"between")
        client.send_frame(frame("two", websocket_client.ABNF.OPCODE_CONT, 1))
        assert client.recv_data(control_frame=True) == (
            websocket_client.ABNF.OPCODE_PONG,
            b"between",
        )
        assert client.recv() == "one, two"
        client.send_close(1000, REASON.reason.encode())
        assert client.recv_data_frame(control_frame=True)[1].data == b"\x03\xe8"
    _check_end(told, b"between")


@contextmanager
def _their_echo_server(tls: TlsContexts | None) -> Iterator[tuple[int, list[ServerConnection]]]:
    """The port of an echo server of `websockets`, and its connections."""
    connections: list[ServerConnection] = []

    def echo(connection: ServerConnection) -> None:
        connections.append(connection)
        pong = connection.ping(b"from the server")
        try:
            while True:
                connection.send(connection.recv())
        except ConnectionClosedOK:
            assert pong.is_set()

    with websockets.sync.server.serve(
        echo,
        ADDRESS,
        0,
        ssl=None if tls is None else tls.server,
        max_size=None,
        ping_interval=None,
    ) as server:
        serving = Background(server.serve_forever)
        yield server.socket.getsockname()[1], connections
    serving.result()


def test_our_client_and_websockets(tls: TlsContexts | None) -> None:
    with _their_echo_server(tls) as (port, connections):
        sock = socket.create_connection((ADDRESS, port))
        if tls is not None:
            sock = tls.client.wrap_socket(sock, server_hostname=HOST)
        with Stream(sock) as ws:
            seen: list[tuple[FrameType, bytes]] = []
            ws.control_callback = lambda kind, payload: seen.append((kind, payload))
            ws.handshake(f"{HOST}:{port}", "/")
            for message in _messages(tls):
                ws.write(message, timeout=30)
                assert ws.read(timeout=30) == message
            ws.write_some(False, "one, ")
            ws.ping(b"between")
            ws.write_some(False, "")
            ws.write("two")
            assert ws.read(timeout=30) == "one, two"
            ws.auto_fragment = True
            ws.write_buffer_bytes = 1000
            ws.write(b"f" * 10_500)
            assert ws.read(timeout=30) == b"f" * 10_500
            ws.close(REASON)
            assert ws.reason == CloseReason(1000, REASON.reason)
            assert seen == [(FrameType.PING, b"from the server"), (FrameType.PONG, b"between")]
    assert connections[0].close_code == 1000
    assert connections[0].close_reason == REASON.reason


def test_websockets_closes_first(tls_contexts: TlsContexts) -> None:
    """Our client is told why, and its code comes back to the server."""
    for tls in (None, tls_contexts):
        connections: list[ServerConnection] = []

        def close(
            connection: ServerConnection, into: list[ServerConnection] = connections
        ) -> None:
            into.append(connection)
            connection.send("last words")
            connection.close(4001, "enough")

        with websockets.sync.server.serve(
            close, ADDRESS, 0, ssl=None if tls is None else tls.server
        ) as server:
            serving = Background(server.serve_forever)
            sock = socket.create_connection(server.socket.getsockname())
            if tls is not None:
                sock = tls.client.wrap_socket(sock, server_hostname=HOST)
            with Stream(sock) as ws:
                ws.handshake(HOST, "/")
                assert ws.read(timeout=30) == "last words"
                with pytest.raises(ConnectionClosed) as caught:
                    ws.read(timeout=30)
                assert caught.value.clean
                assert caught.value.reason == CloseReason(4001, "enough")
        serving.result()
        assert connections[0].close_code == 4001
