"""Streams whose opening handshake is done, and the far end of them, played by hand."""

import base64
import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from beastly.core import Layer
from beastly.http import Request
from beastly.websocket import Decorator, Role, Stream
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.receiving import frame
from tests.support.wire import GOOD_REQUEST, MASKING_KEY

__all__ = ["Frame", "Opened", "frames_of", "open_client", "open_server", "opened"]

Frame: TypeAlias = tuple[int, bytes]
"""The first byte of a frame, FIN, reserved bits and opcode, and its payload without a mask."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_NextLayer = TypeVar("_NextLayer", bound=socket.socket | Layer)


def open_client(ws: Stream[_NextLayer], send: Callable[[bytes], object]) -> Stream[_NextLayer]:
    """Make `ws` an open client, and return it; the far end uses `send` for its response."""

    def respond(request: Request) -> None:
        # The response waits on the wire before the request is sent, so nobody has to read that.
        key = request.fields["Sec-WebSocket-Key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    ws.set_option(Decorator(request=respond))
    ws.handshake("localhost", "/", timeout=10)
    return ws


def open_server(ws: Stream[_NextLayer]) -> Stream[_NextLayer]:
    """Make `ws` an open server, and return it; its response is on the wire to the far end."""
    ws.accept(GOOD_REQUEST, timeout=10)
    return ws


@dataclass
class Opened:
    """An open stream over memory, and its far end, which speaks in frames."""

    role: Role
    ws: Stream[MemoryLayer]
    near: MemoryLayer
    far: MemoryLayer

    def encode(self, *frames: Frame) -> bytes:
        """Return the bytes of `frames` as the peer of the stream sends them."""
        key = MASKING_KEY if self.role is Role.SERVER else b""
        return b"".join(frame(first, payload, key) for first, payload in frames)

    def send(self, *frames: Frame) -> None:
        """Send `frames` to the stream."""
        self.far.send(self.encode(*frames), None)

    def end(self) -> None:
        """End the far end's sending half."""
        self.far.shutdown(None)

    def sent(self) -> list[Frame]:
        """Return the frames that the stream has sent since the last look."""
        data = self.near.sent
        self.near.sends.clear()
        return frames_of(data, masked=self.role is Role.CLIENT)


def opened(
    role: Role = Role.CLIENT, *, chunk: int | None = None, capacity: int | None = None
) -> Opened:
    """Return a stream in `role` that is open; `chunk` and `capacity` are those of its layer."""
    near, far = connected_pair()
    if role is Role.CLIENT:
        ws = open_client(Stream(near), lambda data: far.send(data, None))
    else:
        ws = open_server(Stream(near))
    far.receive(65536, None)
    near.sends.clear()
    near.receives = 0
    near.chunk = chunk
    near.capacity = capacity
    return Opened(role, ws, near, far)


def frames_of(data: bytes, *, masked: bool) -> list[Frame]:
    """Read `data` as whole frames in their shortest form, all masked or none."""
    frames: list[Frame] = []
    while data:
        first, second = data[0], data[1]
        assert (second >= 0x80) == masked, f"frame with a wrong mask bit: {data[:2].hex(' ')}"
        size, start = second & 0x7F, 2
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
            assert size > (125 if start == 4 else 65535), "a length is not in its shortest form"
        key = data[start : start + 4] if masked else b"\0\0\0\0"
        start += len(key) if masked else 0
        payload = data[start : start + size]
        assert len(payload) == size, f"half a frame: {len(payload)} of {size} bytes"
        # As big integers, or large frames would take seconds.
        pad = (key * (size // 4 + 1))[:size]
        clear = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
        frames.append((first, clear.to_bytes(size, "big")))
        data = data[start + size :]
    return frames
