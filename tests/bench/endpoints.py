"""How each library opens the two ends of a connection: over an address, or over a socket.

Every library is used the way its documentation shows, without compression and keep-alive pings, and
over TCP with TCP_NODELAY. Libraries are imported by who uses them, so that a process holds one of
them only, and may be missing.
"""

import base64
import contextlib
import hashlib
import importlib
import socket
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

from beastly.core import Role
from tests.bench.endpoint import RECEIVE_SIZE, Endpoint, Library, Raw
from tests.bench.libraries import (
    ACCELERATED,
    DEADLINES,
    IDLE_TIMEOUT,
    PICOWS,
    PURE,
    RAW,
    SIMPLE_WEBSOCKET,
    WEBSOCKET_CLIENT,
    WEBSOCKETS,
    WSPROTO,
)

if TYPE_CHECKING:
    from websocket import WebSocket
    from beastly.websocket import Stream
    from tests.bench import picows_endpoint
    from websockets.sync.server import Server
    from wsproto import WSConnection

__all__ = ["CLIENTS", "CLIENTS_OVER", "SERVERS", "SERVERS_OVER", "Address", "listen"]

Address = tuple[str, int]

_HOST = "127.0.0.1"
_MESSAGE_MAX = 64 * 1024 * 1024
_LONG = 60.0
_BINARY = 2
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_Client = Callable[[socket.socket], Endpoint]
_Server = Callable[[socket.socket], Endpoint]


def listen() -> socket.socket:
    """Return a socket that listens on a free port of the loopback."""
    return socket.create_server((_HOST, 0), backlog=1024)


def _connecting(client: _Client) -> Callable[[Address], Endpoint]:
    """Return what connects, for a library that takes a connected socket."""
    return lambda address: client(_without_delay(socket.create_connection(address)))


def _accepting(server: _Server) -> _Server:
    """Return what accepts from a listening socket, for a library that takes an accepted one."""
    return lambda listener: server(_without_delay(listener.accept()[0]))


def _without_delay(sock: socket.socket) -> socket.socket:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _shut_down(sock: socket.socket) -> None:
    """End a connection that a thread of the library's reads from; it closes the socket then."""
    # It may have seen the end of the other side before, and closed.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _url(address: Address) -> str:
    host, port = address
    return f"ws://{host}:{port}/"


def _receive_head(sock: socket.socket) -> bytes:
    head = sock.recv(RECEIVE_SIZE)
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(RECEIVE_SIZE)
    return head


def _raw_client(sock: socket.socket) -> Endpoint:
    sock.sendall(
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    _receive_head(sock)
    return Raw(sock, Role.CLIENT)


def _raw_server(sock: socket.socket) -> Endpoint:
    head = _receive_head(sock)
    start = head.lower().index(b"sec-websocket-key:") + len(b"sec-websocket-key:")
    key = head[start : head.index(b"\r\n", start)].strip()
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    return Raw(sock, Role.SERVER)


def _beastly_client(sock: socket.socket) -> Endpoint:
    ws = _shaken_hands(sock)
    return Library(ws.write, ws.read, ws.abort)


def _beastly_server(sock: socket.socket) -> Endpoint:
    ws = _accepted(sock)
    return Library(ws.write, ws.read, ws.abort)


def _shaken_hands(sock: socket.socket) -> "Stream[socket.socket]":
    from beastly import websocket

    ws = websocket.Stream(sock)
    ws.handshake(_HOST, "/")
    return ws


def _accepted(sock: socket.socket) -> "Stream[socket.socket]":
    from beastly import websocket

    ws = websocket.Stream(sock)
    ws.accept()
    return ws


def _watching(ws: "Stream[socket.socket]") -> Endpoint:
    from beastly import websocket

    ws.set_option(websocket.Timeout(idle_timeout=_LONG, keep_alive_pings=True))
    return Library(ws.write, ws.read, ws.abort)


def _with_deadlines(ws: "Stream[socket.socket]") -> Endpoint:
    return Library(
        lambda message: ws.write(message, timeout=_LONG),
        lambda: ws.read(timeout=_LONG),
        ws.abort,
    )


def _websockets_client(sock: socket.socket) -> Endpoint:
    from websockets.client import ClientProtocol
    from websockets.sync.client import ClientConnection
    from websockets.uri import parse_uri

    protocol = ClientProtocol(parse_uri(f"ws://{_HOST}/"), max_size=_MESSAGE_MAX)
    ws = ClientConnection(sock, protocol, ping_interval=None)
    ws.handshake()
    return Library(ws.send, ws.recv, lambda: _shut_down(sock))


def _websockets_server(sock: socket.socket) -> Endpoint:
    from websockets.server import ServerProtocol
    from websockets.sync.server import ServerConnection

    protocol = ServerProtocol(max_size=_MESSAGE_MAX)
    ws = ServerConnection(sock, protocol, _websockets_host(), ping_interval=None)
    ws.handshake()
    return Library(ws.send, ws.recv, lambda: _shut_down(sock))


@cache
def _websockets_host() -> "Server":
    """Return what a connection of `websockets` belongs to; one that has started no thread."""
    from websockets.sync.server import Server

    return Server(socket.socket(), lambda _sock, _address: None)


def _websocket_client_client(address: Address) -> Endpoint:
    import websocket

    return _websocket_client(websocket.create_connection(_url(address)))


def _websocket_client_over(sock: socket.socket) -> Endpoint:
    import websocket

    return _websocket_client(websocket.create_connection(f"ws://{_HOST}/", socket=sock))


def _websocket_client(ws: "WebSocket") -> Endpoint:
    # This is its `send_binary`, which is declared for bytes alone.
    return Library(partial(ws.send, opcode=_BINARY), ws.recv, ws.shutdown)


def _wsproto_client(sock: socket.socket) -> Endpoint:
    from wsproto import ConnectionType, WSConnection
    from wsproto.events import Request

    protocol = WSConnection(ConnectionType.CLIENT)
    sock.sendall(protocol.send(Request(host=_HOST, target="/")))
    protocol.receive_data(sock.recv(RECEIVE_SIZE))
    list(protocol.events())
    return _wsproto_endpoint(sock, protocol)


def _wsproto_server(sock: socket.socket) -> Endpoint:
    from wsproto import ConnectionType, WSConnection
    from wsproto.events import AcceptConnection

    protocol = WSConnection(ConnectionType.SERVER)
    protocol.receive_data(sock.recv(RECEIVE_SIZE))
    list(protocol.events())
    sock.sendall(protocol.send(AcceptConnection()))
    return _wsproto_endpoint(sock, protocol)


def _wsproto_endpoint(sock: socket.socket, protocol: "WSConnection") -> Endpoint:
    from wsproto.events import BytesMessage, TextMessage

    arrived: deque[bytes] = deque()
    parts: list[bytes] = []

    def send(message: str | bytes) -> None:
        if isinstance(message, bytes):
            sock.sendall(protocol.send(BytesMessage(data=message)))
        else:
            sock.sendall(protocol.send(TextMessage(data=message)))

    def receive() -> bytes:
        while not arrived:
            protocol.receive_data(sock.recv(RECEIVE_SIZE))
            for event in protocol.events():
                if isinstance(event, BytesMessage):
                    parts.append(bytes(event.data))
                    if event.message_finished:
                        arrived.append(parts[0] if len(parts) == 1 else b"".join(parts))
                        parts.clear()
        return arrived.popleft()

    return Library(send, receive, sock.close)


def _simple_websocket_client(address: Address) -> Endpoint:
    # The package has no type hints.
    ws = importlib.import_module("simple_websocket").Client(_url(address))
    _without_delay(ws.sock)
    return Library(ws.send, ws.receive, lambda: _shut_down(ws.sock))


def _simple_websocket_server(sock: socket.socket) -> Endpoint:
    # It takes over from a web server, which has read the request and hands over its fields so.
    lines = _receive_head(sock).decode("latin-1").split("\r\n")[1:-2]
    environ: dict[str, object] = {"werkzeug.socket": sock}
    for line in lines:
        name, _, value = line.partition(":")
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value.strip()
    ws = importlib.import_module("simple_websocket").Server(environ)
    return Library(ws.send, ws.receive, lambda: _shut_down(ws.sock))


def _picows_client(address: Address) -> Endpoint:
    from tests.bench import picows_endpoint

    return picows_endpoint.connect(_url(address))


def _picows_server(listener: socket.socket) -> Endpoint:
    return _picows_host(listener).accept()


@cache
def _picows_host(listener: socket.socket) -> "picows_endpoint.Server":
    from tests.bench import picows_endpoint

    return picows_endpoint.Server(listener)


CLIENTS_OVER: Mapping[str, _Client] = {
    RAW: _raw_client,
    ACCELERATED: _beastly_client,
    PURE: _beastly_client,
    WSPROTO: _wsproto_client,
    WEBSOCKET_CLIENT: _websocket_client_over,
    WEBSOCKETS: _websockets_client,
}
"""What shakes hands over a connected socket. The others connect by themselves."""

SERVERS_OVER: Mapping[str, _Server] = {
    RAW: _raw_server,
    ACCELERATED: _beastly_server,
    PURE: _beastly_server,
    WSPROTO: _wsproto_server,
    WEBSOCKETS: _websockets_server,
    SIMPLE_WEBSOCKET: _simple_websocket_server,
}
"""What shakes hands over an accepted socket. picows has to accept by itself."""

CLIENTS: Mapping[str, Callable[[Address], Endpoint]] = {
    **{name: _connecting(client) for name, client in CLIENTS_OVER.items()},
    # These set TCP_NODELAY themselves, when they connect or are given a socket.
    ACCELERATED: lambda address: _beastly_client(socket.create_connection(address)),
    PURE: lambda address: _beastly_client(socket.create_connection(address)),
    IDLE_TIMEOUT: lambda address: _watching(_shaken_hands(socket.create_connection(address))),
    DEADLINES: lambda address: _with_deadlines(_shaken_hands(socket.create_connection(address))),
    WEBSOCKET_CLIENT: _websocket_client_client,
    PICOWS: _picows_client,
    SIMPLE_WEBSOCKET: _simple_websocket_client,
}
"""What connects to an address and shakes hands."""

SERVERS: Mapping[str, _Server] = {
    **{name: _accepting(server) for name, server in SERVERS_OVER.items()},
    ACCELERATED: lambda listener: _beastly_server(listener.accept()[0]),
    PURE: lambda listener: _beastly_server(listener.accept()[0]),
    IDLE_TIMEOUT: lambda listener: _watching(_accepted(listener.accept()[0])),
    DEADLINES: lambda listener: _with_deadlines(_accepted(listener.accept()[0])),
    PICOWS: _picows_server,
}
"""What accepts from a listening socket and shakes hands; `websocket-client` has no server."""
