"""The one receive buffer of a stream: what was received and not yet read.

The HTTP parser and the frame parser both read from it, so bytes that arrived behind a handshake
need no hand-over. It holds one immutable block and a position, since slices of `bytes` are the
cheapest to cut; readers keep what they have half of, so the block is never appended to while a
message grows. It knows nothing of what the bytes mean.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from typing_extensions import TypeIs

__all__ = ["Buffer", "Buffers", "ReceiveBuffer", "gather"]


@runtime_checkable
class Buffer(Protocol):
    """A bytes-like object, as `collections.abc.Buffer` is from Python 3.12 on.

    Type checkers know all of them by this method, `isinstance` none before that version.
    """

    def __buffer__(self, flags: int, /) -> memoryview:
        """Return a view of the bytes (PEP 688)."""
        ...


Buffers: TypeAlias = Buffer | Iterable[Buffer]
"""Bytes in one block, or in several that follow each other."""


class ReceiveBuffer:
    """Received bytes in order, read from the front.

    `data` from `position` on is unread. A reader moves `position` past what it has used. Not safe
    for concurrent use: it belongs to whoever is reading.
    """

    __slots__ = ("data", "position")

    def __init__(self, data: bytes = b"") -> None:
        self.data: bytes = data
        self.position: int = 0

    def __len__(self) -> int:
        return len(self.data) - self.position

    def feed(self, data: bytes) -> None:
        """Append `data` behind what is unread."""
        if self.position < len(self.data):
            data = self.data[self.position :] + data
        self.data = data
        self.position = 0

    def take(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        start = self.position
        taken = self.data[start : start + size]
        self.position = start + len(taken)
        return taken


def gather(data: Buffers) -> bytes:
    """Return the bytes of one buffer, or of several as one; `bytes` are not copied.

    Raises:
        TypeError: `data` is neither bytes-like nor an iterable of what is.
    """
    if isinstance(data, bytes):
        return data
    if _is_buffer(data):
        return memoryview(data).tobytes()
    return b"".join(map(_joinable, data))


def _is_buffer(data: Buffers) -> "TypeIs[Buffer]":
    return isinstance(data, (bytearray, memoryview, Buffer))


def _joinable(block: Buffer) -> Buffer:
    """Return `block`, copied only if it is a view with gaps, which cannot be joined."""
    view = memoryview(block)
    return view if view.c_contiguous else view.tobytes()
