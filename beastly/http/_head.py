"""The head of a message: the two start lines and the field lines (RFC 9112 sections 3, 4 and 5).

Pure functions for the start lines, and `FieldSection`, which reads lines up to the blank one. What
the fields mean for the message is known elsewhere.
"""

import re
from typing import Final

from beastly.http._guess import REQUEST, RESPONSE, describe
from beastly.http._line import LineReader
from beastly.http.error import Error, HttpError
from beastly.http.fields import Fields
from beastly.http.limits import Limits
from beastly.http.rfc9110 import TOKEN, is_token

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
_METHOD_OPENING: Final = re.compile(TOKEN.encode() + rb"(?: |\Z)")
_FIELD_LINE: Final = re.compile(rf"^({TOKEN}):([\t\x20-\x7e\x80-\xff]*+)\r\n", re.MULTILINE)
_TARGET: Final = re.compile(r"[\x21-\x7e]++")
_REQUEST_LINE: Final = re.compile(rf"({TOKEN}) ([\x21-\x7e]++) (HTTP/1\.[01])")
_STATUS: Final = re.compile(r"[1-9][0-9]{2}")


def check_request_opening(opening: bytes | bytearray) -> None:
    """Refuse bytes that no request begins with; `opening` are the first that came, one or more.

    Raises:
        HttpError: they are not the beginning of a method (`Error.BAD_METHOD`).
    """
    if _METHOD_OPENING.match(opening) is None:
        raise HttpError(Error.BAD_METHOD, describe(bytes(opening), REQUEST))


def check_response_opening(opening: bytes | bytearray) -> None:
    """Refuse bytes that no response begins with; `opening` are the first that came, one or more.

    Raises:
        HttpError: they are not the beginning of a version (`Error.BAD_VERSION`).
    """
    if not _VERSION_OPENING.startswith(opening[: len(_VERSION_OPENING)]):
        raise HttpError(Error.BAD_VERSION, describe(bytes(opening), RESPONSE))


def parse_request_line(line: str) -> tuple[str, str, int]:
    """Return the method, the request-target and the version, 11 or 10 (RFC 9112 section 3).

    Raises:
        HttpError: `Error.BAD_METHOD`, `Error.BAD_TARGET` or `Error.BAD_VERSION`.
    """
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise HttpError(_request_line_error(line), describe(line.encode("latin-1"), REQUEST))
    method, target, version = match.groups()
    return method, target, _VERSIONS[version]


def _request_line_error(line: str) -> Error:
    method, space, rest = line.partition(" ")
    target, _, version = rest.partition(" ")
    if not space or not is_token(method):
        return Error.BAD_METHOD
    if _TARGET.fullmatch(target) is None or " " in version:
        return Error.BAD_TARGET
    return Error.BAD_VERSION


def parse_status_line(line: str) -> tuple[int, int, str]:
    """Return the version, 11 or 10, the status code and the reason phrase (RFC 9112 section 4).

    Raises:
        HttpError: `Error.BAD_VERSION` or `Error.BAD_STATUS`.
    """
    version, _, rest = line.partition(" ")
    number = _VERSIONS.get(version)
    if number is None:
        raise HttpError(Error.BAD_VERSION, describe(line.encode("latin-1"), RESPONSE))
    status, space, reason = rest.partition(" ")
    if not space or _STATUS.fullmatch(status) is None:
        raise HttpError(Error.BAD_STATUS, describe(line.encode("latin-1"), RESPONSE))
    return number, int(status), reason


class FieldSection:
    """Reads field lines into `fields` until the blank line: those of a head, or trailers.

    `lines` is where the lines come from; `room` is how many bytes of `limits.head` are left.
    """

    __slots__ = ("_fields", "_left", "_limits", "_lines", "_room", "done")

    def __init__(self, fields: Fields, lines: LineReader, limits: Limits, room: int) -> None:
        self.done = False
        self._fields = fields
        self._limits = limits
        self._left = limits.fields
        self._room = room
        self._lines = lines
        lines.limit = limits.field_line
        lines.too_long = Error.FIELD_LINE_LIMIT
        lines.illegal = Error.BAD_VALUE
        self._narrow()

    def feed(self, data: bytes | bytearray, start: int) -> int:
        """Read of `data` from `start` on; return where the rest begins.

        Raises:
            HttpError: a line is no field line, or a limit is passed.
        """
        stop = self._feed_at_once(data, start)
        if stop is not None:
            return stop
        while start < len(data):
            line, start = self._lines.read(data, start)
            if line is None:
                break
            if not line:
                self.done = True
                break
            self._room -= len(line) + 2
            self._narrow()
            self._add(line)
        return start

    def _feed_at_once(self, data: bytes | bytearray, start: int) -> int | None:
        """Read all lines if they are here, legal and within the limits; otherwise do nothing.

        Nearly every head comes so, and this is several times faster than line by line.
        """
        lines = self._lines
        if lines.partial:
            return None
        # What fits the limit of one line fits all other limits of size too.
        end = data.find(b"\r\n\r\n", start, start + lines.limit)
        if end < 0:
            return None
        text = data[start : end + 2].decode("latin-1")
        found: list[tuple[str, str]] = _FIELD_LINE.findall(text)
        # Fewer than there are line ends: then one of the lines is not legal.
        if len(found) > self._left or len(found) < text.count("\n"):
            return None
        self._left -= len(found)
        self._fields.extend(found)
        self.done = True
        return end + 4

    def _narrow(self) -> None:
        """Let the next line be no longer than what is left of the head."""
        # Its own line end and the blank line must fit too, unless it is the blank line.
        if self._room - 4 < self._lines.limit:
            self._lines.limit = max(self._room - 4, 0)
            self._lines.too_long = Error.HEADER_LIMIT

    def _add(self, line: str) -> None:
        name, colon, value = line.partition(":")
        if not colon or not is_token(name):
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
