"""Opening handshakes by hand, and what a stream must be like around one."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Final

import pytest

from beastly import __version__
from beastly.core import OperationAborted
from beastly.http import Request, Response
from beastly.websocket import Decorator, Stream
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.peer import Peer
from tests.support.wire import ACCEPT, GOOD_RESPONSE

__all__ = [
    "SERVER",
    "SWITCHED",
    "Calls",
    "accept_value",
    "expect_ended",
    "expect_no_frames",
    "fitting",
    "respond",
    "waiting_server",
]

SERVER: Final = b"Server: beastly/" + __version__.encode() + b"\r\n"
"""The line by which a server names itself."""

SWITCHED: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" + SERVER + b"\r\n"
)
"""What `GOOD_REQUEST` is answered with."""

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY: Final = re.compile(rb"\r\nSec-WebSocket-Key: ([A-Za-z0-9+/]{22}==)\r\n")


def accept_value(request: bytes) -> bytes:
    """The Sec-WebSocket-Accept that belongs to an upgrade request (RFC 6455 section 4.2.2)."""
    keys = _KEY.findall(request)
    assert len(keys) == 1, f"expected one key in {request!r}"
    return base64.b64encode(hashlib.sha1(keys[0] + _GUID).digest())


def fitting(response: bytes, request: bytes) -> bytes:
    """`response` with the accept value of the specification's example made to fit `request`."""
    return response.replace(ACCEPT.encode(), accept_value(request))


def respond(peer: Peer, response: bytes = GOOD_RESPONSE) -> bytes:
    """Read one upgrade request, send `response` made to fit it, and return the request."""
    request = peer.read_until(b"\r\n\r\n")
    peer.send(fitting(response, request))
    return request


class Calls:
    """A decorator that counts its calls by the kind of message."""

    def __init__(self) -> None:
        self.requests = 0
        self.responses = 0
        self.option = Decorator(self._request, self._response)

    def _request(self, _: Request) -> None:
        self.requests += 1

    def _response(self, _: Response) -> None:
        self.responses += 1


def expect_no_frames(stream: Stream[MemoryLayer]) -> None:
    """Fail unless every verb of an open stream is refused and sends nothing."""
    sent = stream.next_layer.sent
    verbs: list[Callable[[], object]] = [
        lambda: stream.write("a"),
        lambda: stream.write_some(True, b"a"),
        lambda: stream.ping(),
        lambda: stream.pong(),
        lambda: stream.read(),
        lambda: stream.read(bytearray()),
        lambda: stream.read_some(bytearray()),
    ]
    for verb in verbs:
        with pytest.raises(OperationAborted):
            verb()
    assert not stream.is_open
    assert stream.next_layer.sent == sent


def expect_ended(stream: Stream[MemoryLayer]) -> None:
    """Fail unless the stream has ended: its layer is closed, and no verb or attempt sends."""
    assert stream.next_layer.closed
    expect_no_frames(stream)
    sent = stream.next_layer.sent
    with pytest.raises(OperationAborted, match="^.*; accept came after the end: "):
        stream.accept()
    with pytest.raises(OperationAborted, match="^.*; handshake came after the end: "):
        stream.handshake("localhost", "/")
    assert stream.next_layer.sent == sent


def waiting_server(
    wire: bytes = b"", *, ended: bool = False, chunk: int | None = None
) -> tuple[Stream[MemoryLayer], MemoryLayer]:
    """A stream whose peer has sent `wire` and perhaps ended, and the peer's layer."""
    near, far = connected_pair(chunk)
    if wire:
        far.send(wire, None)
    if ended:
        far.shutdown(None)
    return Stream(near), far
