"""`LineReader`: cuts received bytes into lines, whatever pieces they come in.

Each byte is looked at once. Knows line endings, control characters and one limit; what a line says
is known elsewhere.
"""

import re
from typing import Final

from beastly.http.error import Error, HttpError

__all__ = ["LineReader"]

_CR: Final = 0x0D
_CRLF: Final = b"\r\n"
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ILLEGAL_BYTE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class LineReader:
    """Reads lines that end with CR LF and have no other control characters than tabs.

    `limit` is the size that the next line may have without its CR LF, `too_long` the code for a
    longer one, `illegal` the code for control characters: they can be set before each line. An
    error is found in the first byte that proves it, and is the same however the bytes were cut.
    RFC 9112 section 2.2.
    """

    __slots__ = ("_partial", "illegal", "limit", "too_long")

    def __init__(self, limit: int, too_long: Error, illegal: Error) -> None:
        self.limit = limit
        self.too_long = too_long
        self.illegal = illegal
        self._partial = bytearray()

    @property
    def partial(self) -> bytearray:
        """The beginning of an incomplete line."""
        return self._partial

    def read(self, data: bytes | bytearray, start: int) -> tuple[str | None, int]:
        """Return the next line without its CR LF, or `None`, and where in `data` the rest begins.

        Raises:
            HttpError: the line is too long or has a character that it must not have.
        """
        stop = data.find(b"\n", start) + 1
        if self._partial or stop - start < 2 or data[stop - 2] != _CR:
            return self._gather(data, start, stop or len(data))
        size = stop - start - 2
        if size > self.limit:
            return self._gather(data, start, stop)
        line = data[start : stop - 2].decode("latin-1")
        # Cheap, and right for nearly every line; the others are looked at in detail.
        if not line.isprintable() and (found := _ILLEGAL.search(line)):
            raise self._illegal_character(ord(found[0]), found.start())
        return line, stop

    def _gather(self, data: bytes | bytearray, start: int, stop: int) -> tuple[str | None, int]:
        """Add a piece to the incomplete line. Only the new bytes are checked."""
        partial = self._partial
        # A CR waits for the byte behind it.
        checked = len(partial) - partial.endswith(b"\r")
        # No more than proves that the line is too long: a peer must not fill the memory.
        partial += data[start : min(stop, start + self.limit + 3)]
        if partial.endswith(_CRLF):
            complete, size = True, len(partial) - 2
        else:
            complete, size = False, len(partial) - partial.endswith(b"\r")
        found = _ILLEGAL_BYTE.search(partial, checked, min(size, self.limit + 1))
        if found:
            raise self._illegal_character(found[0][0], found.start())
        if size > self.limit:
            raise HttpError(self.too_long, f"the limit leaves {self.limit} bytes")
        if not complete:
            return None, stop
        line = partial[:size].decode("latin-1")
        partial.clear()
        return line, stop

    def _illegal_character(self, character: int, position: int) -> HttpError:
        code = Error.BAD_LINE_ENDING if character in _CRLF else self.illegal
        return HttpError(code, f"byte {position} of the line is 0x{character:02x}")
