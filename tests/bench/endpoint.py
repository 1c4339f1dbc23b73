"""One end of an open connection, that a library drives or nobody does but the floor.

The floor is `Raw`: a socket that exchanges frames which were made beforehand, one send and one
receive a message, with no parsing and no masking. That is the least that two Python programs can
do which exchange the same bytes over blocking sockets.
"""

import struct
from collections.abc import Callable
from socket import socket
from typing import Protocol

from beastly.core import Role

__all__ = ["ANSWER", "RECEIVE_SIZE", "Endpoint", "Library", "Raw"]

RECEIVE_SIZE = 65536
ANSWER = b"done"
"""What ends a stream of messages, sent by who received them."""

_MASKING_KEY = b"\x37\xfa\x21\x3d"


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


class Library:
    """An end that a library drives: its calls to send, to receive and to end it.

    They are looked up once, and a loop around them is all that is added.
    """

    def __init__(
        self,
        send: Callable[[str | bytes], object],
        receive: Callable[[], str | bytes],
        drop: Callable[[], object],
    ) -> None:
        self._send = send
        self._receive = receive
        self._drop = drop

    def ping(self, message: bytes, count: int) -> None:
        """Send and receive."""
        send, receive = self._send, self._receive
        answer: str | bytes = b""
        for _ in range(count):
            send(message)
            answer = receive()
        if answer != message:
            raise RuntimeError(f"the echo of {len(message)} bytes is another one")

    def echo(self, message: bytes, count: int) -> None:
        """Receive and send."""
        send, receive = self._send, self._receive
        for _ in range(count):
            send(receive())

    def push(self, message: bytes, count: int) -> None:
        """Send, and receive the answer."""
        send = self._send
        for _ in range(count):
            send(message)
        self._receive()

    def drain(self, message: bytes, count: int) -> None:
        """Receive, and send the answer."""
        receive = self._receive
        for _ in range(count):
            receive()
        self._send(ANSWER)

    def drop(self) -> None:
        """End it."""
        self._drop()


class Raw:
    """An end without a library: it sends finished frames and counts the bytes that come."""

    def __init__(self, sock: socket, role: Role) -> None:
        self._socket = sock
        self._role = role
        self._prepared: dict[bytes, tuple[bytes, bytearray]] = {}

    def _prepare(self, message: bytes) -> tuple[bytes, bytearray]:
        """Return the frame that carries `message`, and a block for the peer's frame with it.

        The block is the same each time, since new memory would cost as much as the receiving.
        """
        if message not in self._prepared:
            masked, unmasked = _frame(message, True), _frame(message, False)
            if self._role is Role.CLIENT:
                self._prepared[message] = masked, bytearray(len(unmasked))
            else:
                self._prepared[message] = unmasked, bytearray(len(masked))
        return self._prepared[message]

    def ping(self, message: bytes, count: int) -> None:
        """Send a frame and receive one, as many times."""
        frame, block = self._prepare(message)
        size = len(block)
        send, receive = self._socket.sendall, self._socket.recv_into
        for _ in range(count):
            send(frame)
            if (filled := receive(block)) != size:
                self._fill(block, filled)

    def echo(self, message: bytes, count: int) -> None:
        """Receive a frame and send one, as many times."""
        frame, block = self._prepare(message)
        size = len(block)
        send, receive = self._socket.sendall, self._socket.recv_into
        for _ in range(count):
            if (filled := receive(block)) != size:
                self._fill(block, filled)
            send(frame)

    def push(self, message: bytes, count: int) -> None:
        """Send a frame as many times, then receive the one of the answer."""
        frame, _ = self._prepare(message)
        send = self._socket.sendall
        for _ in range(count):
            send(frame)
        self._fill(self._prepare(ANSWER)[1], 0)

    def drain(self, message: bytes, count: int) -> None:
        """Receive the bytes of as many frames, as they come, then send the one of the answer."""
        rest = len(self._prepare(message)[1]) * count
        receive, block = self._socket.recv_into, bytearray(RECEIVE_SIZE)
        while rest:
            if not (came := receive(block, min(rest, RECEIVE_SIZE))):
                raise RuntimeError("the connection has ended")
            rest -= came
        self._socket.sendall(self._prepare(ANSWER)[0])

    def drop(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _fill(self, block: bytearray, filled: int) -> None:
        """Receive the rest of a frame that came in pieces."""
        rest = memoryview(block)[filled:]
        while rest:
            if not (came := self._socket.recv_into(rest)):
                raise RuntimeError("the connection has ended")
            rest = rest[came:]


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
