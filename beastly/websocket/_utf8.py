"""Checking UTF-8 while it arrives (RFC 6455 section 8.1, RFC 3629).

Wraps the decoder of the standard library, which runs in C. Knows nothing of messages and frames.
"""

import codecs
from typing import Final

__all__ = ["Utf8Checker", "what_came"]

_new_decoder: Final = codecs.getincrementaldecoder("utf-8")

_BLOCK: Final = 65536
"""Bytes decoded at a time: the decoder makes text that nobody keeps, so it is kept small."""


class Utf8Checker:
    """Checks one text, fed in pieces that are cut anywhere.

    A fault is raised at the first byte that no valid text could have there, not at the end of the
    sequence. After that the checker must not be used. The next text takes a new one.
    """

    __slots__ = ("_decoder",)

    def __init__(self) -> None:
        self._decoder = _new_decoder()

    @property
    def pending(self) -> bytes:
        """The bytes of a code point that is not complete yet."""
        return self._decoder.getstate()[0]

    def feed(self, data: bytes | memoryview) -> None:
        """Check `data`, plain bytes or a view of them, as what follows the pieces before.

        Raises:
            UnicodeDecodeError: the text is not valid, whatever may follow.
        """
        for start in range(0, len(data), _BLOCK):
            # As bytes: a view would live on in the traceback of an error, and keep its memory.
            self._decoder.decode(bytes(data[start : start + _BLOCK]))
        pending = self.pending
        # Surrogates begin with ED A0 to ED BF. The decoder finds that at the third byte only.
        if pending[:1] == b"\xed" and pending[1:] >= b"\xa0":
            raise UnicodeDecodeError("utf-8", pending, 0, 1, "invalid continuation byte")

    def finish(self) -> None:
        """Check that the text does not end inside a code point.

        Raises:
            UnicodeDecodeError: it does.
        """
        self._decoder.decode(b"", True)


def what_came(error: UnicodeDecodeError) -> str:
    """Say what was found where valid UTF-8 was expected."""
    came = error.object[error.start : error.start + 4].hex(" ")
    return f"{error.reason} in {came}"
