"""The payload of a message while it arrives.

A payload is laid once into the block that is handed out at the end: a copy of a large message costs
more than all the rest of receiving it. Knows nothing of frames, masks and text.
"""

import io
from typing import Final

from beastly.websocket._codec import block

__all__ = ["Assembly"]

_GROWTH_MIN: Final = 65536
"""The least window, in bytes, on a block that has to grow for it."""


class Assembly:
    """Bytes that are appended, or received straight into a window, and handed out as one.

    `size` counts what is there and not yet taken from the front. With an `expected` total the block
    has its final size from the start, otherwise it grows with what arrives.

    `io.BytesIO` is the one writable block of the standard library that gives its contents away as
    `bytes` without copying them (in CPython; elsewhere it is as correct and one copy dearer).
    """

    __slots__ = ("_block", "_capacity", "_end", "_start")

    def __init__(self, expected: int = 0) -> None:
        # Where the allocator maps it anew, pages that are never written cost no memory.
        self._block = io.BytesIO(block(expected))
        self._capacity = expected
        self._start = 0
        self._end = 0

    @property
    def size(self) -> int:
        """The bytes at hand."""
        return self._end - self._start

    def append(self, data: bytes) -> None:
        """Put `data` at the end. There must be no window."""
        self.lay(data)
        self._end += len(data)

    def lay(self, data: bytes | memoryview) -> None:
        """Put `data` into the next window, for which it makes room. There must be no window yet."""
        self._block.seek(self._end)
        end = self._end + self._block.write(data)
        if end > self._capacity:
            self._capacity = end

    def make_room(self, limit: int) -> int:
        """Make room for the next bytes, `limit` at most, and return for how many.

        A block that has to grow doubles, so that its size is bounded by what has come.
        """
        size = min(limit, max(_GROWTH_MIN, self._end, self._capacity - self._end))
        end = self._end + size
        if end > self._capacity:
            self._block.seek(end - 1)
            self._block.write(b"\0")
            self._capacity = end
        return size

    def window(self, size: int) -> memoryview:
        """Return a writable view of where the next `size` bytes belong, for which there is room.

        It must be released before anything else is done here: while there is a view, the block can
        neither grow nor be collected.
        """
        with self._block.getbuffer() as view:
            return view[self._end : self._end + size]

    def fill(self, size: int) -> None:
        """Keep the first `size` bytes of what was put into the window."""
        self._end += size

    def take(self, limit: int) -> bytes:
        """Take up to `limit` bytes off the front. There must be no window."""
        self._block.seek(self._start)
        taken = self._block.read(min(limit, self.size))
        self._start += len(taken)
        if self._start >= self.size:
            self._move_to_front()
        return taken

    def _move_to_front(self) -> None:
        """Make use of the room in front again: there is no more left than was taken."""
        self._block.seek(self._start)
        rest = self._block.read(self.size)
        self._block.seek(0)
        self._block.write(rest)
        self._start = 0
        self._end = len(rest)

    def finish(self) -> bytes:
        """Return everything at hand. There must be no window; the assembly is used up."""
        payload = self._block.getvalue()
        if self._start == 0 and self._end == len(payload):
            return payload
        return payload[self._start : self._end]
