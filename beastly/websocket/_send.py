"""Sending: messages and control frames in, the bytes of their frames out (RFC 6455 section 6.1).

A pure machine. It decides on opcodes, fragments, masks, and what goes out in one call. It knows
nothing of sockets, locks and time, and not whether a frame may be sent now.
"""

import os
from collections.abc import Callable, Iterator
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from beastly.core import Role
from beastly.websocket._close_payload import close_payload
from beastly.websocket._codec import MASKED_PIECE, frame, mask
from beastly.websocket._frame import RSV1, frame_header
from beastly.websocket.rfc6455 import CONTROL_PAYLOAD_MAX, CloseReason, Opcode

if TYPE_CHECKING:
    from beastly.websocket._deflate import Deflater

__all__ = ["JOINED_MAX", "Piece", "Sender"]

JOINED_MAX: Final = 32768
"""The largest payload, in bytes, that is cheaper to copy behind its header than to send from where
it is (measured)."""

_KEYS: Final = Struct("4s" * 64)
"""The masking keys that are drawn at a time: a system call for each would cost more than the
mask."""


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

    With a `deflater` messages are compressed (RFC 7692), unless `compress` is false when they begin
    or their first part has fewer than `deflated_min` bytes.

    `entropy` returns as many unpredictable bytes as it is asked for; masking keys are cut from
    them, each used once (section 5.3).

    Not safe for concurrent use: whoever sends must hold the right to send, and must hold it while
    pulling pieces too. Frames go out in the order in which they were made.
    """

    __slots__ = (
        "_deflater",
        "_deflates",
        "_entropy",
        "_frame_max",
        "_keys",
        "_masks",
        "auto_fragment",
        "compress",
        "deflated_min",
        "in_message",
        "write_buffer_bytes",
    )

    def __init__(
        self,
        role: Role,
        *,
        entropy: Callable[[int], bytes] = os.urandom,
        deflater: "Deflater | None" = None,
    ) -> None:
        self._masks = role is Role.CLIENT
        self._entropy = entropy
        if self._masks:
            self._keys: list[bytes] = []
        self._frame_max: int | None = None
        self._deflater = deflater
        self._deflates = False
        self.compress = True
        self.deflated_min = 0
        self.auto_fragment = False
        self.write_buffer_bytes = 65536
        self.in_message = False

    def message(self, opcode: Opcode, data: bytes) -> bytes | None:
        """Return the one frame that is a whole message, header and payload in one block.

        `opcode` is text or binary, `data` the payload. `None`: it is too large for that, or is to
        go in fragments, or another message was begun; then take `pieces`.
        """
        if self.in_message or len(data) > JOINED_MAX or self.auto_fragment:
            return None
        first: int = opcode
        payload: bytes | memoryview = data
        if self._deflater is not None:
            first, payload = self._deflated(self._deflater, opcode, data, True)
        if not self._masks:
            return frame(first, payload)
        if not self._keys:
            self._draw_keys()
        return frame(first, payload, self._keys.pop())

    def pieces(self, opcode: Opcode, data: memoryview, fin: bool) -> Iterator[Piece]:
        """Return what sends `data`, of any size, as a message or as the next part of one.

        `opcode` counts for the first part, later ones continue it; `fin` marks the last one, which
        ends the message. At least one frame is made, of an empty `data` too. Large payloads are
        not copied as a whole: a server's are sent from where they are, so `data`, a view of plain
        bytes, must not change until the pieces have gone; a client's are masked bit by bit as the
        pieces are pulled. All pieces have to be sent, or the connection is lost. When they are
        pulled makes no difference to what they hold.
        """
        if self._deflater is None:
            return self._cut(opcode, data, fin)
        first, payload = self._deflated(self._deflater, opcode, data, fin)
        return self._cut(first, memoryview(payload), fin)

    def forget(self) -> None:
        """Tell that something which was made is not sent: nothing may refer to it.

        Call it whenever something may have been lost; it costs some compression at most.
        """
        if self._deflater is not None:
            self._deflater.forget()

    def _deflated(
        self, deflater: "Deflater", opcode: Opcode, data: bytes | memoryview, fin: bool
    ) -> tuple[int, bytes | memoryview]:
        """Compress a part if its message is compressed; return what begins its frame, and it."""
        if not self.in_message:
            self._deflates = self.compress and len(data) >= self.deflated_min
        if not self._deflates:
            return opcode, data
        return opcode | RSV1, deflater.deflate(data, fin)

    def _cut(self, first: int, data: memoryview, fin: bool) -> Iterator[Piece]:
        """Return what sends `data` as it is; a message begins with `first`."""
        if self.in_message:
            first = Opcode.CONTINUATION
        else:
            self._frame_max = self.write_buffer_bytes if self.auto_fragment else None
        self.in_message = not fin
        frame_max = len(data) if self._frame_max is None else self._frame_max
        return _Pieces(first, data, fin, frame_max, self._next_key if self._masks else _no_key)

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
        return frame(opcode, payload, self._next_key() if self._masks else b"")

    def close(self, reason: CloseReason) -> bytes:
        """Return the close frame that says `reason` (section 5.5.1)."""
        return self.control(Opcode.CLOSE, close_payload(reason))

    def _next_key(self) -> bytes:
        if not self._keys:
            self._draw_keys()
        return self._keys.pop()

    def _draw_keys(self) -> None:
        self._keys = list(_KEYS.unpack(self._entropy(_KEYS.size)))


def _no_key() -> bytes:
    return b""


class _Pieces:
    """Cuts one payload into frames, and these into pieces.

    Not a generator: an interrupt (Ctrl-C) in the midst of a step would end that for good, and the
    rest of a frame that is half sent could not be made any more. Here the step is repeated.
    """

    __slots__ = ("_data", "_fin", "_first", "_frame_max", "_next_key", "_progress")

    def __init__(
        self,
        first: int,
        data: memoryview,
        fin: bool,
        frame_max: int,
        next_key: Callable[[], bytes],
    ) -> None:
        self._first = first
        self._data = data
        self._fin = fin
        self._frame_max = frame_max
        self._next_key = next_key
        # Where the next piece starts, where its frame ends, the key of that; one value, so that
        # no step is ever half done. The first frame is still to come, even of an empty payload.
        self._progress: tuple[int, int, bytes] = (0, -1, b"")

    def __iter__(self) -> Iterator[Piece]:
        return self

    def __next__(self) -> Piece:
        start, frame_end, key = self._progress
        size = len(self._data)
        header = b""
        if start == frame_end == size:
            raise StopIteration
        if start >= frame_end:
            frame_end = min(start + self._frame_max, size)
            key = self._next_key()
            first = Opcode.CONTINUATION if start else self._first
            header = frame_header(first, self._fin and frame_end == size, frame_end - start, key)
        end = min(start + MASKED_PIECE, frame_end) if key else frame_end
        payload = self._data[start:end]
        buffers = _gather(header, mask(payload, key) if key else payload)
        piece = Piece(buffers, end == frame_end)
        self._progress = (end, frame_end, key)
        return piece


def _gather(header: bytes, payload: bytes | memoryview) -> tuple[bytes | memoryview, ...]:
    if len(payload) <= JOINED_MAX:
        return (header + payload,)
    return (header, payload) if header else (payload,)
