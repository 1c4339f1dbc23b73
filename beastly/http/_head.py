"""The head of a message: the two start lines and the field lines (RFC 9112 sections 3, 4 and 5).

Pure functions for the start lines, and `FieldSection`, which reads lines up to the blank one. What the
fields mean for the message is known elsewhere.
"""

import re
from typing import Final

from beastly.http._guess import describe
from beastly.http._line import LineReader
from beastly.http.error import Error, HttpError
from beastly.http.fields import Fields
from beastly.http.limits import Limits
from beastly.http.rfc9110 import TOKEN

__all__ = [
    "OPENING_SIZE",
    "FieldSection",
    "check_request_opening",
    "check_response_opening",
    "parse_request_line",
    "parse_status_line",
]

OPENING_SIZE: Final = 32
"""How many of the first bytes are checked before their line is complete."""

_VERSIONS: Final = {"HTTP/1.1": 11, "HTTP/1.0": 10}
_VERSION_OPENING: Final = b"HTTP/"
_TOKEN: Final = re.compile(TOKEN)
_METHOD_OPENING: Final = re.compile(TOKEN.encode() + rb"(?: |\Z)")
_TARGET: Final = re.compile(r"[\x21-\x7e]++")
_STATUS: Final = re.compile(r"[1-9][0-9]{2}")


def check_request_opening(opening: bytes) -> None:
    """Refuse bytes that no request begins with; `opening` are the first that came, one or more.

    Raises:
        HttpError: they are not the beginning of a method (`Error.BAD_METHOD`).
    """
    if _METHOD_OPENING.match(opening) is None:
        raise HttpError(Error.BAD_METHOD, describe(opening))


def check_response_opening(opening: bytes) -> None:
    """Refuse bytes that no response begins with; `opening` are the first that came, one or more.

    Raises:
        HttpError: they are not the beginning of a version (`Error.BAD_VERSION`).
    """
    if not _VERSION_OPENING.startswith(opening[: len(_VERSION_OPENING)]):
        raise HttpError(Error.BAD_VERSION, describe(opening))


def parse_request_line(line: str) -> tuple[str, str, int]:
    """Return the method, the request-target and the version, 11 or 10 (RFC 9112 section 3).

    Raises:
        HttpError: `Error.BAD_METHOD`, `Error.BAD_TARGET` or `Error.BAD_VERSION`.
    """
    method, _, rest = line.partition(" ")
    target, _, version = rest.partition(" ")
    if _TOKEN.fullmatch(method) is None:
        raise HttpError(Error.BAD_METHOD, _describe_line(line))
    if _TARGET.fullmatch(target) is None or " " in version:
        raise HttpError(Error.BAD_TARGET, _describe_line(line))
    number = _VERSIONS.get(version)
    if number is None:
        raise HttpError(Error.BAD_VERSION, _describe_line(line))
    return method, target, number


def parse_status_line(line: str) -> tuple[int, int, str]:
    """Return the version, 11 or 10, the status code and the reason phrase (RFC 9112 section 4).

    Raises:
        HttpError: `Error.BAD_VERSION` or `Error.BAD_STATUS`.
    """
    version, _, rest = line.partition(" ")
    number = _VERSIONS.get(version)
    if number is None:
        raise HttpError(Error.BAD_VERSION, _describe_line(line))
    status, space, reason = rest.partition(" ")
    if not space or _STATUS.fullmatch(status) is None:
        raise HttpError(Error.BAD_STATUS, _describe_line(line))
    return number, int(status), reason


def _describe_line(line: str) -> str:
    return f"in the start line, {describe(line.encode('latin-1'))}"


class FieldSection:
    """Reads field lines into `fields` until the blank line: those of a head, or trailers.

    `room` is how many bytes of `limits.head` are left for them.
    """

    __slots__ = ("_fields", "_left", "_limits", "_lines", "_room", "done")

    def __init__(self, fields: Fields, limits: Limits, room: int) -> None:
        self.done = False
        self._fields = fields
        self._limits = limits
        self._left = limits.fields
        self._room = room
        self._lines = LineReader(limits.field_line, Error.FIELD_LINE_LIMIT, Error.BAD_VALUE)
        self._narrow()

    def feed(self, data: bytes | bytearray, start: int) -> int:
        """Read of `data` from `start` on; return where the rest begins.

        Raises:
            HttpError: a line is no field line, or a limit is passed.
        """
        while start < len(data):
            line, start = self._lines.read(data, start)
            if line is None:
                break
            if not line:
                self.done = True
                break
            self._room -= len(line) + 2
            if self._room - 2 < self._lines.limit:
                self._narrow()
            self._add(line)
        return start

    def _narrow(self) -> None:
        """Let the next line be no longer than what is left of the head."""
        if self._room - 2 < self._lines.limit:
            self._lines.limit = self._room - 2
            self._lines.too_long = Error.HEADER_LIMIT

    def _add(self, line: str) -> None:
        name, colon, value = line.partition(":")
        if not colon or _TOKEN.fullmatch(name) is None:
            raise _bad_field_line(line)
        if not self._left:
            raise HttpError(Error.FIELD_COUNT_LIMIT, f"the limit is {self._limits.fields}")
        self._left -= 1
        self._fields.insert(name, value)


def _bad_field_line(line: str) -> HttpError:
    if line[0] in " \t":
        return HttpError(Error.BAD_OBS_FOLD, f"a line begins with {line[:20]!r}")
    name, colon, _ = line.partition(":")
    if colon and name != name.rstrip(" \t"):
        return HttpError(Error.BAD_FIELD, f"there is white space before the colon: {line[:40]!r}")
    return HttpError(Error.BAD_FIELD, f"a line begins with {line[:40]!r}")
