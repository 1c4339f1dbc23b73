"""Sending: messages and control frames in, the bytes of their frames out (RFC 6455 section 6.1).

A pure machine. It decides on opcodes, fragments, masks, and what goes out in one call. It knows
nothing of sockets, locks and time, and not whether a frame may be sent now.
"""

import os
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from beastly.core import Role
from beastly.websocket._frame import frame_header
from beastly.websocket._mask import mask
from beastly.websocket.rfc6455 import CONTROL_PAYLOAD_MAX, CloseReason, Opcode

__all__ = ["JOINED_MAX", "Piece", "Sender"]

JOINED_MAX: Final = 32768
"""The largest payload, in bytes, that is cheaper to copy behind its header than to send from where
it is (measured)."""

_MASKED_PIECE: Final = 65536
"""Bytes of a large payload that are masked and sent at a time; a multiple of the key's length."""

_KEY_SIZE: Final = 4
_POOL_SIZE: Final = 64 * _KEY_SIZE
"""Bytes of entropy drawn at a time: a system call for each key would cost more than the mask."""


class Piece(NamedTuple):
    """What goes out in one call: `buffers` in order, as one.

    After a piece with `ends_frame` a control frame may be slipped in (section 5.4), elsewhere
    nothing may.
    """

    buffers: tuple[bytes | memoryview, ...]
    ends_frame: bool


class Sender:
    """Makes frames for one direction of a connection, masked if `role` is the client.

    `auto_fragment` and `write_buffer_bytes` may be set at any time and count from the next message
    on: with `auto_fragment` no frame of a message carries more than `write_buffer_bytes`.
    `in_message` tells that a message was begun and its last part is still to come.

    `entropy` returns as many unpredictable bytes as it is asked for; masking keys are cut from
    them, each used once (section 5.3).

    Not safe for concurrent use: whoever sends must hold the right to send, and must hold it while
    pulling pieces too. Frames go out in the order in which they were made.
    """

    __slots__ = (
        "_entropy",
        "_frame_max",
        "_masks",
        "_pool",
        "_pool_position",
        "auto_fragment",
        "in_message",
        "write_buffer_bytes",
    )

    def __init__(self, role: Role, *, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._masks = role is Role.CLIENT
        self._entropy = entropy
        self._pool = b""
        self._pool_position = 0
        self._frame_max: int | None = None
        self.auto_fragment = False
        self.write_buffer_bytes = 65536
        self.in_message = False

    def message(self, opcode: Opcode, data: bytes | memoryview) -> bytes:
        """Return a whole message as one block of bytes: for payloads up to `JOINED_MAX`.

        `opcode` is text or binary, `data` the payload as plain bytes or a view of them. It is one
        frame, or several where `auto_fragment` demands it. Inside a message that was begun in
        parts, it is the last part of that.
        """
        size = len(data)
        if self.in_message or (self.auto_fragment and size > self.write_buffer_bytes):
            pieces = self.pieces(opcode, memoryview(data), True)
            return b"".join(buffer for piece in pieces for buffer in piece.buffers)
        if self._masks:
            key = self._next_key()
            return frame_header(opcode, True, size, key) + mask(data, key)
        return frame_header(opcode, True, size) + data

    def pieces(self, opcode: Opcode, data: memoryview, fin: bool) -> Iterator[Piece]:
        """Return what sends `data`, of any size, as a message or as the next part of one.

        `opcode` counts for the first part, later ones continue it; `fin` marks the last one, which
        ends the message. At least one frame is made, of an empty `data` too. Large payloads are
        not copied as a whole: a server's are sent from where they are, so `data`, a view of plain
        bytes, must not change until the pieces have gone; a client's are masked bit by bit as the
        pieces are pulled. All pieces have to be sent, or the connection is lost. When they are
        pulled makes no difference to what they hold.
        """
        if self.in_message:
            opcode = Opcode.CONTINUATION
        else:
            self._frame_max = self.write_buffer_bytes if self.auto_fragment else None
        self.in_message = not fin
        return self._frames(opcode, data, fin, self._frame_max or len(data))

    def control(self, opcode: Opcode, payload: bytes) -> bytes:
        """Return a control frame: a ping, a pong, or a close frame with a finished payload.

        Raises:
            ValueError: `payload` has more than 125 bytes (section 5.5).
        """
        if len(payload) > CONTROL_PAYLOAD_MAX:
            raise ValueError(
                f"a control frame carries {CONTROL_PAYLOAD_MAX} bytes at most, not {len(payload)}"
                " (RFC 6455 section 5.5)"
            )
        key = self._next_key() if self._masks else b""
        return frame_header(opcode, True, len(payload), key) + (mask(payload, key) if key else payload)

    def close(self, reason: CloseReason) -> bytes:
        """Return the close frame that says `reason` (section 5.5.1)."""
        if reason.code is None:
            return self.control(Opcode.CLOSE, b"")
        return self.control(Opcode.CLOSE, reason.code.to_bytes(2, "big") + reason.reason.encode("utf-8"))

    def _frames(
        self, opcode: Opcode, data: memoryview, fin: bool, frame_max: int
    ) -> Iterator[Piece]:
        size = len(data)
        end = min(frame_max, size)
        yield from self._frame(opcode, data[:end], fin and end == size)
        while end < size:
            start, end = end, min(end + frame_max, size)
            yield from self._frame(Opcode.CONTINUATION, data[start:end], fin and end == size)

    def _frame(self, opcode: Opcode, payload: memoryview, fin: bool) -> Iterator[Piece]:
        size = len(payload)
        if not self._masks:
            yield Piece(_gather(frame_header(opcode, fin, size), payload), True)
            return
        key = self._next_key()
        first = mask(payload[:_MASKED_PIECE], key)
        yield Piece(_gather(frame_header(opcode, fin, size, key), first), size <= _MASKED_PIECE)
        for start in range(_MASKED_PIECE, size, _MASKED_PIECE):
            end = start + _MASKED_PIECE
            yield Piece((mask(payload[start:end], key),), end >= size)

    def _next_key(self) -> bytes:
        start = self._pool_position
        key = self._pool[start : start + _KEY_SIZE]
        if not key:
            self._pool = self._entropy(_POOL_SIZE)
            key = self._pool[:_KEY_SIZE]
            start = 0
        self._pool_position = start + _KEY_SIZE
        return key


def _gather(header: bytes, payload: bytes | memoryview) -> tuple[bytes | memoryview, ...]:
    return (header + payload,) if len(payload) <= JOINED_MAX else (header, payload)
