"""The two ends of a connection, as each library makes them, under one small interface.

`raw` is the floor for Python: sockets that exchange frames which were made beforehand, one send and
one receive a message, with no parsing and no masking. Every library is used the way its
documentation shows, without compression and keep-alive pings, over sockets with TCP_NODELAY.
Libraries are imported by who uses them, so that a process holds one of them only.
"""

import base64
import contextlib
import hashlib
import importlib
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Protocol

from beastly.core import Role

if TYPE_CHECKING:
    from beastly.websocket import Stream
    from websockets.sync.server import Server
    from wsproto import WSConnection

__all__ = [
    "ALL_CLIENTS",
    "ALL_SERVERS",
    "CLIENTS",
    "DEADLINES",
    "IDLE_TIMEOUT",
    "RAW",
    "SERVERS",
    "Address",
    "Endpoint",
    "listen",
]

RAW = "raw"

Address = tuple[str, int]

_RECEIVE_SIZE = 65536
_MASKING_KEY = b"\x37\xfa\x21\x3d"
_MESSAGE_MAX = 64 * 1024 * 1024
_ANSWER = b"done"
_LONG = 60.0
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Endpoint(Protocol):
    """One end of an open connection. The other end does the opposite, as many times."""

    def ping(self, message: bytes, count: int) -> None:
        """Send `message` and wait for an answer, `count` times."""
        ...

    def echo(self, message: bytes, count: int) -> None:
        """Send back what comes, `count` times `message`."""
        ...

    def push(self, message: bytes, count: int) -> None:
        """Send `message` `count` times, then wait for one answer."""
        ...

    def drain(self, message: bytes, count: int) -> None:
        """Receive `message` `count` times, then send one answer."""
        ...

    def drop(self) -> None:
        """End the connection without a closing handshake."""
        ...


class _Library:
    """An end that a library drives: its calls to send, to receive and to end it."""

    def __init__(
        self,
        send: Callable[[bytes], object],
        receive: Callable[[], object],
        drop: Callable[[], object],
    ) -> None:
        self._send = send
        self._receive = receive
        self._drop = drop

    def ping(self, message: bytes, count: int) -> None:
        send, receive = self._send, self._receive
        for _ in range(count):
            send(message)
            answer = receive()
        if answer != message:
            raise RuntimeError(f"the echo of {len(message)} bytes is another one")

    def echo(self, message: bytes, count: int) -> None:
        send, receive = self._send, self._receive
        for _ in range(count):
            came = receive()
            if not isinstance(came, bytes):
                raise TypeError(f"a binary message is bytes, not {type(came).__name__}")
            send(came)

    def push(self, message: bytes, count: int) -> None:
        send = self._send
        for _ in range(count):
            send(message)
        self._receive()

    def drain(self, message: bytes, count: int) -> None:
        receive = self._receive
        for _ in range(count):
            receive()
        self._send(_ANSWER)

    def drop(self) -> None:
        self._drop()


class _Raw:
    """An end without a library: it sends finished frames and counts the bytes that come."""

    def __init__(self, sock: socket.socket, role: Role) -> None:
        self._socket = sock
        self._role = role
        self._frames: dict[bytes, tuple[bytes, bytes]] = {}

    def _prepare(self, message: bytes) -> tuple[bytes, int]:
        """Return the frame that carries `message`, and the size of the peer's frame with it."""
        if message not in self._frames:
            self._frames[message] = (_frame(message, True), _frame(message, False))
        masked, unmasked = self._frames[message]
        if self._role is Role.CLIENT:
            return masked, len(unmasked)
        return unmasked, len(masked)

    def ping(self, message: bytes, count: int) -> None:
        frame, size = self._prepare(message)
        send, receive = self._socket.sendall, self._receiver(size)
        for _ in range(count):
            send(frame)
            receive()

    def echo(self, message: bytes, count: int) -> None:
        frame, size = self._prepare(message)
        send, receive = self._socket.sendall, self._receiver(size)
        for _ in range(count):
            receive()
            send(frame)

    def push(self, message: bytes, count: int) -> None:
        frame, _ = self._prepare(message)
        send = self._socket.sendall
        for _ in range(count):
            send(frame)
        self._receiver(self._prepare(_ANSWER)[1])()

    def drain(self, message: bytes, count: int) -> None:
        rest = self._prepare(message)[1] * count
        while rest:
            rest -= len(self._socket.recv(min(rest, _RECEIVE_SIZE)))
        self._socket.sendall(self._prepare(_ANSWER)[0])

    def drop(self) -> None:
        self._socket.close()

    def _receiver(self, size: int) -> Callable[[], None]:
        """Return a call that receives `size` bytes, in one go if they are few."""
        receive_into = self._socket.recv_into
        block = memoryview(bytearray(size))

        def receive() -> None:
            filled = receive_into(block)
            while filled < size:
                filled += receive_into(block[filled:])

        return receive


def _frame(message: bytes, masked: bool) -> bytes:
    """Return the one frame of a binary message."""
    size = len(message)
    mask_bit = 0x80 if masked else 0
    if size < 126:
        header = struct.pack("!BB", 0x82, mask_bit | size)
    elif size < 65536:
        header = struct.pack("!BBH", 0x82, mask_bit | 126, size)
    else:
        header = struct.pack("!BBQ", 0x82, mask_bit | 127, size)
    if not masked:
        return header + message
    keys = (_MASKING_KEY * (size // 4 + 1))[:size]
    masked_message = int.from_bytes(message, "big") ^ int.from_bytes(keys, "big")
    return header + _MASKING_KEY + masked_message.to_bytes(size, "big")


def listen() -> socket.socket:
    """Return a socket that listens on a free port of the loopback."""
    return socket.create_server(("127.0.0.1", 0), backlog=128)


def _connect(address: Address) -> socket.socket:
    return _without_delay(socket.create_connection(address))


def _without_delay(sock: socket.socket) -> socket.socket:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _shut_down(sock: socket.socket) -> None:
    """End a connection that a thread of the library's reads from; it closes the socket then."""
    # It may have seen the end of the other side before, and closed.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _authority(address: Address) -> str:
    host, port = address
    return f"{host}:{port}"


def _receive_head(sock: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(_RECEIVE_SIZE)
    return head


def _raw_client(address: Address) -> Endpoint:
    sock = _connect(address)
    sock.sendall(
        b"GET / HTTP/1.1\r\nHost: " + _authority(address).encode() + b"\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    _receive_head(sock)
    return _Raw(sock, Role.CLIENT)


def _raw_server(sock: socket.socket) -> Endpoint:
    _without_delay(sock)
    head = _receive_head(sock)
    start = head.lower().index(b"sec-websocket-key:") + len(b"sec-websocket-key:")
    key = head[start : head.index(b"\r\n", start)].strip()
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    return _Raw(sock, Role.SERVER)


def _beastly_client(address: Address) -> Endpoint:
    ws = _shaken_hands(address)
    return _Library(ws.write, ws.read, ws.abort)


def _beastly_server(sock: socket.socket) -> Endpoint:
    ws = _accepted(sock)
    return _Library(ws.write, ws.read, ws.abort)


def _watching_client(address: Address) -> Endpoint:
    return _watching(_shaken_hands(address))


def _watching_server(sock: socket.socket) -> Endpoint:
    return _watching(_accepted(sock))


def _timed_client(address: Address) -> Endpoint:
    return _timed(_shaken_hands(address))


def _timed_server(sock: socket.socket) -> Endpoint:
    return _timed(_accepted(sock))


def _shaken_hands(address: Address) -> "Stream[socket.socket]":
    from beastly import websocket

    ws = websocket.Stream(socket.create_connection(address))
    ws.handshake(_authority(address), "/")
    return ws


def _accepted(sock: socket.socket) -> "Stream[socket.socket]":
    from beastly import websocket

    ws = websocket.Stream(sock)
    ws.accept()
    return ws


def _watching(ws: "Stream[socket.socket]") -> Endpoint:
    from beastly import websocket

    ws.set_option(websocket.Timeout(idle_timeout=_LONG, keep_alive_pings=True))
    return _Library(ws.write, ws.read, ws.abort)


def _timed(ws: "Stream[socket.socket]") -> Endpoint:
    return _Library(
        lambda message: ws.write(message, timeout=_LONG),
        lambda: ws.read(timeout=_LONG),
        ws.abort,
    )


def _websockets_client(address: Address) -> Endpoint:
    from websockets.client import ClientProtocol
    from websockets.sync.client import ClientConnection
    from websockets.uri import parse_uri

    sock = _connect(address)
    uri = parse_uri(f"ws://{_authority(address)}/")
    protocol = ClientProtocol(uri, max_size=_MESSAGE_MAX)
    ws = ClientConnection(sock, protocol, ping_interval=None)
    ws.handshake()
    return _Library(ws.send, ws.recv, lambda: _shut_down(sock))


def _websockets_server(sock: socket.socket) -> Endpoint:
    from websockets.server import ServerProtocol
    from websockets.sync.server import ServerConnection

    protocol = ServerProtocol(max_size=_MESSAGE_MAX)
    ws = ServerConnection(_without_delay(sock), protocol, _websockets_host(), ping_interval=None)
    ws.handshake()
    return _Library(ws.send, ws.recv, lambda: _shut_down(sock))


@cache
def _websockets_host() -> "Server":
    """Return what a connection of `websockets` belongs to; one that has started no thread."""
    from websockets.sync.server import Server

    return Server(socket.socket(), lambda _sock, _address: None)


def _websocket_client_client(address: Address) -> Endpoint:
    import websocket

    ws = websocket.create_connection(f"ws://{_authority(address)}/")
    return _Library(ws.send_binary, ws.recv, ws.shutdown)


def _wsproto_client(address: Address) -> Endpoint:
    from wsproto import ConnectionType, WSConnection
    from wsproto.events import Request

    sock = _connect(address)
    protocol = WSConnection(ConnectionType.CLIENT)
    sock.sendall(protocol.send(Request(host=_authority(address), target="/")))
    protocol.receive_data(sock.recv(_RECEIVE_SIZE))
    list(protocol.events())
    return _wsproto_endpoint(sock, protocol)


def _wsproto_server(sock: socket.socket) -> Endpoint:
    from wsproto import ConnectionType, WSConnection
    from wsproto.events import AcceptConnection

    protocol = WSConnection(ConnectionType.SERVER)
    protocol.receive_data(_without_delay(sock).recv(_RECEIVE_SIZE))
    list(protocol.events())
    sock.sendall(protocol.send(AcceptConnection()))
    return _wsproto_endpoint(sock, protocol)


def _wsproto_endpoint(sock: socket.socket, protocol: "WSConnection") -> Endpoint:
    from wsproto.events import BytesMessage, Message

    arrived: deque[bytes] = deque()
    parts: list[bytes] = []

    def send(message: bytes) -> None:
        sock.sendall(protocol.send(Message(data=message)))

    def receive() -> bytes:
        while not arrived:
            protocol.receive_data(sock.recv(_RECEIVE_SIZE))
            for event in protocol.events():
                if isinstance(event, BytesMessage):
                    parts.append(bytes(event.data))
                    if event.message_finished:
                        arrived.append(parts[0] if len(parts) == 1 else b"".join(parts))
                        parts.clear()
        return arrived.popleft()

    return _Library(send, receive, sock.close)


def _simple_websocket_client(address: Address) -> Endpoint:
    # The package has no type hints.
    ws = importlib.import_module("simple_websocket").Client(f"ws://{_authority(address)}/")
    _without_delay(ws.sock)
    return _Library(ws.send, ws.receive, lambda: _shut_down(ws.sock))


def _simple_websocket_server(sock: socket.socket) -> Endpoint:
    # It takes over from a web server, which has read the request and hands over its fields so.
    lines = _receive_head(_without_delay(sock)).decode("latin-1").split("\r\n")[1:-2]
    environ: dict[str, object] = {"werkzeug.socket": sock}
    for line in lines:
        name, _, value = line.partition(":")
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value.strip()
    ws = importlib.import_module("simple_websocket").Server(environ)
    return _Library(ws.send, ws.receive, lambda: _shut_down(sock))


CLIENTS: Mapping[str, Callable[[Address], Endpoint]] = {
    RAW: _raw_client,
    "beastly": _beastly_client,
    "wsproto": _wsproto_client,
    "websocket-client": _websocket_client_client,
    "websockets": _websockets_client,
    "simple-websocket": _simple_websocket_client,
}
"""What connects to an address and shakes hands, by the name of its distribution."""

SERVERS: Mapping[str, Callable[[socket.socket], Endpoint]] = {
    RAW: _raw_server,
    "beastly": _beastly_server,
    "wsproto": _wsproto_server,
    "websockets": _websockets_server,
    "simple-websocket": _simple_websocket_server,
}
"""What shakes hands over a connection that was accepted; `websocket-client` has no server."""

IDLE_TIMEOUT = "beastly, idle timeout"
DEADLINES = "beastly, deadlines"

ALL_CLIENTS: Mapping[str, Callable[[Address], Endpoint]] = {
    **CLIENTS,
    IDLE_TIMEOUT: _watching_client,
    DEADLINES: _timed_client,
}
"""With ways to use beastly that are compared with the plain one only."""

ALL_SERVERS: Mapping[str, Callable[[socket.socket], Endpoint]] = {
    **SERVERS,
    IDLE_TIMEOUT: _watching_server,
    DEADLINES: _timed_server,
}
"""Their other ends."""
