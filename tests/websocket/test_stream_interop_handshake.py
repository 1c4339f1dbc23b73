"""Handshakes with other people's endpoints, in both roles, over TCP and over TLS."""

import http.server
import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import websocket as websocket_client
import websockets.sync.client
import websockets.sync.server
from websockets.exceptions import InvalidStatus
from websockets.http11 import Request as TheirRequest
from websockets.http11 import Response as TheirResponse
from websockets.sync.server import ServerConnection
from websockets.typing import Origin, Subprotocol

from beastly.websocket import (
    Decorator,
    Error,
    HandshakeFailed,
    Stream,
    choose_subprotocol,
    request_type,
    response_type,
)
from tests.support.opening import SWITCHED
from tests.support.pairs import TlsContexts
from tests.support.threads import BOUND, Background
from tests.support.wire import CLIENT_CLOSE_1000, GOOD_REQUEST, HELLO_MASKED

ADDRESS = "127.0.0.1"


@pytest.fixture(params=["tcp", "tls"])
def tls(request: pytest.FixtureRequest, tls_contexts: TlsContexts) -> TlsContexts | None:
    """The contexts of both ends for TLS, or `None` for plain TCP."""
    return tls_contexts if request.param == "tls" else None


def _url(port: int, tls: TlsContexts | None) -> str:
    return f"{'ws' if tls is None else 'wss'}://{ADDRESS}:{port}/chat?room=1"


@contextmanager
def _our_server(
    tls: TlsContexts | None, serve: Callable[[Stream[socket.socket]], object]
) -> Iterator[int]:
    """A server that gives its one connection to `serve`; its port."""
    with socket.create_server((ADDRESS, 0)) as listener:

        def accept() -> None:
            sock, _ = listener.accept()
            if tls is not None:
                sock = tls.server.wrap_socket(sock, server_side=True)
            with Stream(sock) as stream:
                serve(stream)

        serving = Background(accept)
        yield listener.getsockname()[1]
        serving.result()


@contextmanager
def _their_server(
    tls: TlsContexts | None,
    *,
    refuse: Callable[[ServerConnection, TheirRequest], TheirResponse | None] | None = None,
) -> Iterator[int]:
    """The echo server of `websockets`, with the subprotocol wamp; its port."""

    def echo(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with websockets.sync.server.serve(
        echo,
        ADDRESS,
        0,
        ssl=None if tls is None else tls.server,
        subprotocols=[Subprotocol("wamp")],
        process_request=refuse,
    ) as server:
        serving = Background(server.serve_forever)
        yield server.socket.getsockname()[1]
    serving.result()


@contextmanager
def _our_client(port: int, tls: TlsContexts | None) -> Iterator[Stream[socket.socket]]:
    sock = socket.create_connection((ADDRESS, port))
    if tls is not None:
        sock = tls.client.wrap_socket(sock, server_hostname=ADDRESS)
    with Stream(sock) as stream:
        yield stream


def _accept_and_echo(stream: Stream[socket.socket]) -> None:
    """Accept with the subprotocol wamp, and send each message back until the close."""

    def choose(response: response_type) -> None:
        assert stream.request is not None
        if name := choose_subprotocol(stream.request, ["wamp"]):
            response.fields["Sec-WebSocket-Protocol"] = name

    stream.set_option(Decorator(response=choose))
    stream.accept()
    for message in stream:
        stream.write(message)


def _decline(stream: Stream[socket.socket]) -> None:
    """Answer every request with 403 and say so."""

    def decline(response: response_type) -> None:
        response.status = 403
        response.body = b"no entry"
        response.fields["Connection"] = "close"

    stream.set_option(Decorator(response=decline))
    with pytest.raises(HandshakeFailed) as raised:
        stream.accept(timeout=BOUND)
    assert raised.value.code is Error.UPGRADE_DECLINED


class TestServer:
    """Our server, and the clients of others."""

    def test_websockets(self, tls: TlsContexts | None) -> None:
        requests: list[request_type | None] = []

        def serve(stream: Stream[socket.socket]) -> None:
            _accept_and_echo(stream)
            requests.append(stream.request)

        with (
            _our_server(tls, serve) as port,
            websockets.sync.client.connect(
                _url(port, tls),
                ssl=None if tls is None else tls.client,
                origin=Origin("http://example.com"),
                subprotocols=[Subprotocol("soap"), Subprotocol("wamp")],
                additional_headers={"X-Name": "value"},
                proxy=None,
            ) as client,
        ):
            assert client.subprotocol == "wamp"
            client.send("h\u00e9")
            assert client.recv() == "h\u00e9"
            client.send(b"\x00\xff")
            assert client.recv() == b"\x00\xff"
        (request,) = requests
        assert request is not None
        assert (request.method, request.target) == ("GET", "/chat?room=1")
        assert request.fields["Origin"] == "http://example.com"
        assert request.fields["X-Name"] == "value"
        # It offers compression, which is not taken up.
        assert "permessage-deflate" in request.fields["Sec-WebSocket-Extensions"]

    def test_websockets_declined(self, tls: TlsContexts | None) -> None:
        with _our_server(tls, _decline) as port:
            with pytest.raises(InvalidStatus) as raised:
                websockets.sync.client.connect(
                    _url(port, tls), ssl=None if tls is None else tls.client, proxy=None
                )
        assert raised.value.response.status_code == 403
        assert raised.value.response.body == b"no entry"

    def test_websocket_client(self, tls: TlsContexts | None) -> None:
        with _our_server(tls, _accept_and_echo) as port:
            client = websocket_client.create_connection(
                _url(port, tls),
                timeout=BOUND,
                subprotocols=["soap", "wamp"],
                sslopt={} if tls is None else {"context": tls.client},
            )
            assert client.getsubprotocol() == "wamp"
            client.send("h\u00e9")
            assert client.recv() == "h\u00e9"
            client.send_binary(b"\x00\xff")
            assert client.recv() == b"\x00\xff"
            client.close()

    def test_websocket_client_declined(self, tls: TlsContexts | None) -> None:
        with _our_server(tls, _decline) as port:
            with pytest.raises(websocket_client.WebSocketBadStatusException) as raised:
                websocket_client.create_connection(
                    _url(port, tls),
                    timeout=BOUND,
                    sslopt={} if tls is None else {"context": tls.client},
                )
        assert raised.value.status_code == 403
        assert raised.value.resp_body == b"no entry"


class TestClient:
    """Our client, and the server of `websockets`; `websocket-client` has none."""

    def test_websockets(self, tls: TlsContexts | None) -> None:
        def offer(request: request_type) -> None:
            request.fields["Sec-WebSocket-Protocol"] = "soap, wamp"

        with _their_server(tls) as port, _our_client(port, tls) as client:
            client.set_option(Decorator(request=offer))
            response = response_type()
            client.handshake(response, f"{ADDRESS}:{port}", "/chat?room=1")
            assert response.status == 101
            assert client.subprotocol == "wamp"
            client.write("h\u00e9")
            assert client.read() == "h\u00e9"
            client.write(b"\x00\xff")
            assert client.read() == b"\x00\xff"
            client.close()

    def test_websockets_declines(self, tls: TlsContexts | None) -> None:
        def refuse(connection: ServerConnection, request: TheirRequest) -> TheirResponse:
            assert request.path == "/chat?room=1"
            return connection.respond(401, "who are you?\n")

        with _their_server(tls, refuse=refuse) as port, _our_client(port, tls) as client:
            response = response_type()
            with pytest.raises(HandshakeFailed) as raised:
                client.handshake(response, f"{ADDRESS}:{port}", "/chat?room=1")
        assert raised.value.code is Error.UPGRADE_DECLINED
        # It closes the connection after each refusal, and says so.
        assert not raised.value.keep_alive
        assert (response.status, response.body) == (401, b"who are you?\n")


class TestHttpServer:
    """Python's own `http.server` hands over a connection that it has read a request from."""

    def test_a_frame_that_arrived_with_the_request(self) -> None:
        messages: list[str | bytes] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                request = request_type(self.command, self.path, fields=self.headers.items())
                # Only what it has buffered already, never more of the connection.
                assert isinstance(self.rfile, io.BufferedReader)
                self.connection.setblocking(False)
                leftover = self.rfile.peek()
                self.connection.setblocking(True)
                self.close_connection = True
                with Stream(self.connection) as stream:
                    stream.accept(request, leftover)
                    messages.extend(stream)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        with http.server.HTTPServer((ADDRESS, 0), Handler) as server:
            serving = Background(server.handle_request)
            with socket.create_connection((ADDRESS, server.server_port)) as client:
                client.settimeout(BOUND)
                client.sendall(GOOD_REQUEST + HELLO_MASKED)
                received = b""
                while len(received) < len(SWITCHED):
                    received += client.recv(1000)
                assert received == SWITCHED
                client.sendall(HELLO_MASKED + CLIENT_CLOSE_1000)
                assert client.recv(1000) == b"\x88\x02\x03\xe8"
                assert client.recv(1000) == b""
            serving.result()
        assert messages == ["Hello", "Hello"]
