"""The content of a message, in each of the ways that its length can be told (RFC 9112 section 6).

One small reader for each; all take bytes in any pieces and hold what they have decoded. Knows
nothing of heads, but that trailers have the form of one.
"""

import io
import re
from enum import Enum
from typing import Final, Protocol

from beastly.http._head import FieldSection
from beastly.http._line import LineReader
from beastly.http.error import Error, HttpError
from beastly.http.fields import Fields
from beastly.http.limits import Limits
from beastly.http.rfc9110 import QUOTED_STRING, TOKEN

__all__ = ["ChunkedContent", "Content", "CountedContent", "StreamContent"]

# Compiled when the first chunk comes, and kept by `re`: nothing in a handshake has any.
_SIZE: Final = r"[0-9A-Fa-f]{1,16}+"
_EXTENSIONS: Final = (
    rf"(?:[ \t]*+;[ \t]*+{TOKEN}(?:[ \t]*+=[ \t]*+(?:{TOKEN}|{QUOTED_STRING}))?+)*+"
)


class Content(Protocol):
    """Reads the content of one message."""

    done: bool

    def feed(self, data: bytes | bytearray, start: int) -> int:
        """Read of `data` from `start` on; return where the rest begins.

        Raises:
            HttpError: the framing is malformed, or a limit is passed.
        """
        ...

    def take(self) -> bytes:
        """Return the content, decoded, once it is complete."""
        ...


class _Store:
    """Bytes that are appended and at the end taken as one, without a second copy of them."""

    __slots__ = ("_file", "size")

    def __init__(self) -> None:
        self._file = io.BytesIO()
        self.size = 0

    def append(self, data: bytes | bytearray, start: int, stop: int) -> None:
        with memoryview(data) as whole, whole[start:stop] as piece:
            self.size += self._file.write(piece)

    def take(self) -> bytes:
        # Not a copy: BytesIO gives away the object that it has written to.
        return self._file.getvalue()


class CountedContent:
    """Content of a size above zero that is known, from Content-Length (section 6.2).

    Raises:
        HttpError: the size passes the limit (`Error.BODY_LIMIT`).
    """

    __slots__ = ("_size", "_store", "done")

    def __init__(self, size: int, limits: Limits) -> None:
        if size > limits.content:
            raise HttpError(
                Error.BODY_LIMIT, f"Content-Length is {size}, the limit is {limits.content}"
            )
        self.done = False
        self._size = size
        self._store = _Store()

    def feed(self, data: bytes | bytearray, start: int) -> int:
        """See `Content.feed`."""
        stop = min(len(data), start + self._size - self._store.size)
        self._store.append(data, start, stop)
        self.done = self._store.size == self._size
        return stop

    def take(self) -> bytes:
        """See `Content.take`."""
        return self._store.take()


class StreamContent:
    """Content that the end of the stream ends (section 6.3, item 8)."""

    __slots__ = ("_limit", "_store", "done")

    def __init__(self, limits: Limits) -> None:
        self.done = False
        self._limit = limits.content
        self._store = _Store()

    def feed(self, data: bytes | bytearray, start: int) -> int:
        """See `Content.feed`."""
        if len(data) - start > self._limit - self._store.size:
            raise HttpError(Error.BODY_LIMIT, f"the limit is {self._limit}")
        self._store.append(data, start, len(data))
        return len(data)

    def take(self) -> bytes:
        """See `Content.take`."""
        return self._store.take()


class _Part(Enum):
    """What comes next of chunked content."""

    SIZE = "size"
    DATA = "data"
    DATA_END = "data end"


class ChunkedContent:
    """Content in chunks, each with its size before it, and trailers behind the last (section 7.1).

    Trailers are checked like the fields of a head and dropped. A chunk may have as many bytes of
    framing as of data; what passes that, for all chunks together, has the limit of a head.
    """

    __slots__ = ("_left", "_limits", "_lines", "_part", "_spare", "_store", "_trailers", "done")

    def __init__(self, limits: Limits) -> None:
        self.done = False
        self._limits = limits
        self._store = _Store()
        self._part = _Part.SIZE
        self._left = 0
        self._spare = limits.head
        self._lines = LineReader(limits.field_line, Error.BODY_LIMIT, Error.BAD_CHUNK)
        self._trailers: FieldSection | None = None

    def feed(self, data: bytes | bytearray, start: int) -> int:
        """See `Content.feed`."""
        while start < len(data) and not self.done:
            if self._part is _Part.DATA:
                start = self._read_data(data, start)
            elif self._trailers is not None:
                start = self._trailers.feed(data, start)
                self.done = self._trailers.done
            else:
                start = self._read_line(data, start)
        return start

    def take(self) -> bytes:
        """See `Content.take`."""
        return self._store.take()

    def _read_data(self, data: bytes | bytearray, start: int) -> int:
        stop = min(len(data), start + self._left)
        self._store.append(data, start, stop)
        self._left -= stop - start
        if not self._left:
            self._part = _Part.DATA_END
            self._lines.limit = 0
            self._lines.too_long = Error.BAD_CHUNK
        return stop

    def _read_line(self, data: bytes | bytearray, start: int) -> int:
        line, start = self._lines.read(data, start)
        if line is not None:
            if self._part is _Part.SIZE:
                self._begin_chunk(line)
            else:
                self._part = _Part.SIZE
                self._lines.limit = self._limits.field_line
                self._lines.too_long = Error.BODY_LIMIT
        return start

    def _begin_chunk(self, line: str) -> None:
        size = _chunk_size(line)
        if size > self._limits.content - self._store.size:
            raise HttpError(
                Error.BODY_LIMIT,
                f"a chunk of {size} bytes comes after {self._store.size}, the limit is"
                f" {self._limits.content}",
            )
        self._spare -= max(0, len(line) + 4 - size)
        if self._spare < 0:
            raise HttpError(Error.BODY_LIMIT, "the chunks are mostly framing")
        self._left = size
        if size:
            self._part = _Part.DATA
        else:
            self._trailers = FieldSection(Fields(), self._lines, self._limits, self._limits.head)


def _chunk_size(line: str) -> int:
    digits = re.match(_SIZE, line)
    if digits is None:
        raise HttpError(Error.BAD_CHUNK, f"a chunk begins with {line[:20]!r}")
    rest = line[digits.end() :]
    if re.fullmatch(_EXTENSIONS, rest) is None:
        extended = rest.lstrip(" \t").startswith(";")
        raise HttpError(
            Error.BAD_CHUNK_EXTENSION if extended else Error.BAD_CHUNK,
            f"the chunk size {digits[0]!r} is followed by {rest[:20]!r}",
        )
    return int(digits[0], 16)
