"""The payload of a message while it arrives.

A payload is laid once into the block that is handed out at the end: a copy of a large message costs
more than all the rest of receiving it. Knows nothing of frames, masks and text.
"""

import io
from typing import Final

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

    __slots__ = ("_block", "_capacity", "_end", "_start", "_window")

    def __init__(self, expected: int = 0) -> None:
        # Zeroed by the allocator: pages that are never written cost no memory.
        self._block = io.BytesIO(bytes(expected))
        self._capacity = expected
        self._start = 0
        self._end = 0
        self._window: memoryview | None = None

    @property
    def size(self) -> int:
        """The bytes at hand."""
        return self._end - self._start

    def append(self, data: bytes) -> None:
        """Put `data` at the end. The window must be closed."""
        self._block.seek(self._end)
        self._block.write(data)
        self._end += len(data)
        self._capacity = max(self._capacity, self._end)

    def open_window(self, limit: int) -> memoryview:
        """Return a writable view of where the next bytes belong, `limit` at most.

        A block that has to grow doubles, so that its size is bounded by what has come.
        """
        size = min(limit, max(_GROWTH_MIN, self._end, self._capacity - self._end))
        end = self._end + size
        if end > self._capacity:
            self._block.seek(end - 1)
            self._block.write(b"\0")
            self._capacity = end
        with self._block.getbuffer() as view:
            self._window = view[self._end : end]
        return self._window

    def close_window(self, filled: int) -> None:
        """Keep the first `filled` bytes of the window and release it; slices of it must be gone."""
        if self._window is not None:
            self._window.release()
            self._window = None
            self._end += filled

    def take(self, limit: int) -> bytes:
        """Take up to `limit` bytes off the front. The window must be closed."""
        self._block.seek(self._start)
        taken = self._block.read(min(limit, self.size))
        self._start += len(taken)
        return taken

    def finish(self) -> bytes:
        """Return everything at hand. The window must be closed; the assembly is used up."""
        payload = self._block.getvalue()
        if self._start == 0 and self._end == len(payload):
            return payload
        return payload[self._start : self._end]
