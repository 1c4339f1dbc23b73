"""The head of a message: the two start lines and the field lines (RFC 9112 sections 3, 4 and 5).

Pure functions for the start lines, and two ways to the field lines: `split_head` for a head that is
whole and legal, as nearly all are, and `FieldSection` for what comes in pieces or is wrong, which
reads line by line up to the blank one and says what is wrong. What the fields mean for the message
is known elsewhere.
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
    "request_line_error",
    "split_head",
    "split_request_line",
    "split_status_line",
    "status_line_error",
]

OPENING_SIZE: Final = 32
"""How many of the first bytes are checked before their line is complete."""

_VERSIONS: Final = {"HTTP/1.1": 11, "HTTP/1.0": 10}
_VERSION_OPENING: Final = b"HTTP/"
_METHOD_OPENING: Final = re.compile(TOKEN.encode() + rb"(?: |\Z)")
_FIELD_LINE: Final = re.compile(
    rf"^({TOKEN}):[ \t]*+([\t\x20-\x7e\x80-\xff]*+)\r\n", re.MULTILINE
)
_TARGET: Final = re.compile(r"[\x21-\x7e]++")
_REQUEST_LINE: Final = re.compile(rf"({TOKEN}) ([\x21-\x7e]++) (HTTP/1\.[01])")
_STATUS_LINE: Final = re.compile(r"(HTTP/1\.[01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*+)")


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


def split_head(
    data: bytes | bytearray, start: int, limits: Limits
) -> tuple[str, list[tuple[str, str]], int] | None:
    """Return the start line of a head, its field lines, and where in `data` the rest begins.

    `None` unless the head is all there, its field lines are legal, and it is within the limits. All
    of it is one match, several times faster than line by line.
    """
    # What fits these two limits fits that of each field line too.
    end = data.find(b"\r\n\r\n", start, start + min(limits.field_line, limits.head))
    if end < 0:
        return None
    line, _, rest = data[start : end + 2].decode("latin-1").partition("\r\n")
    fields: list[tuple[str, str]] = _FIELD_LINE.findall(rest)
    if (
        # Fewer than there are line ends: then one of the lines is not legal.
        len(fields) != rest.count("\n")
        # White space behind a value is no part of it, which is too seldom to match it here.
        or " \r" in rest
        or "\t\r" in rest
        or len(fields) > limits.fields
        or len(line) > limits.start_line
    ):
        return None
    return line, fields, end + 4


def split_request_line(line: str) -> tuple[str, str, int] | None:
    """Return the method, the request-target and the version, 11 or 10 (RFC 9112 section 3).

    `None` if `line` is no request line.
    """
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        return None
    method, target, version = match.groups()
    return method, target, _VERSIONS[version]


def request_line_error(line: str) -> HttpError:
    """Return what is wrong with `line`, which is no request line.

    `Error.BAD_METHOD`, `Error.BAD_TARGET` or `Error.BAD_VERSION`.
    """
    method, space, rest = line.partition(" ")
    target, _, version = rest.partition(" ")
    code = Error.BAD_VERSION
    if not space or not is_token(method):
        code = Error.BAD_METHOD
    elif _TARGET.fullmatch(target) is None or " " in version:
        code = Error.BAD_TARGET
    return HttpError(code, describe(line.encode("latin-1"), REQUEST))


def split_status_line(line: str) -> tuple[int, int, str] | None:
    """Return the version, 11 or 10, the status code and the reason phrase (RFC 9112 section 4).

    `None` if `line` is no status line.
    """
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        return None
    version, status, reason = match.groups()
    return _VERSIONS[version], int(status), reason


def status_line_error(line: str) -> HttpError:
    """Return what is wrong with `line`, which is no status line.

    `Error.BAD_VERSION` or `Error.BAD_STATUS`.
    """
    version, _, _ = line.partition(" ")
    code = Error.BAD_STATUS if version in _VERSIONS else Error.BAD_VERSION
    return HttpError(code, describe(line.encode("latin-1"), RESPONSE))


class FieldSection:
    """Reads field lines into `fields` until the blank line: those of a head, or trailers.

    `lines` is where the lines come from; `room` is how many bytes of `limits.head` are left.
    """

    __slots__ = ("_left", "_limits", "_lines", "_room", "done", "fields")

    def __init__(self, fields: Fields, lines: LineReader, limits: Limits, room: int) -> None:
        self.done = False
        self.fields: Fields = fields
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
        self.fields.insert(name, value)


def _bad_field_line(line: str) -> HttpError:
    if line[0] in " \t":
        return HttpError(Error.BAD_OBS_FOLD, f"a line begins with {line[:20]!r}")
    name, colon, _ = line.partition(":")
    if colon and name != name.rstrip(" \t"):
        return HttpError(Error.BAD_FIELD, f"there is white space before the colon: {line[:40]!r}")
    return HttpError(Error.BAD_FIELD, f"a line begins with {line[:40]!r}")
