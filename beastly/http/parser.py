"""`RequestParser` and `ResponseParser`: HTTP messages out of bytes that come in any pieces.

Each byte is looked at once, so the cost grows with the size of a message however it is cut. Strict:
what RFC 9112 lets a recipient repair is refused, since two recipients that repair it differently
can be played off against each other. Knows no sockets.
"""

from abc import ABC, abstractmethod
from typing import Final, Generic, TypeVar

from beastly.http._content import Content, StreamContent
from beastly.http._framing import request_content, response_content
from beastly.http._head import (
    OPENING_SIZE,
    FieldSection,
    check_request_opening,
    check_response_opening,
    request_line_error,
    split_head,
    split_request_line,
    split_status_line,
    status_line_error,
)
from beastly.http._line import LineReader
from beastly.http.error import Error, HttpError
from beastly.http.fields import Fields
from beastly.http.limits import Limits
from beastly.http.message import Request, Response
from beastly.http.rfc9110 import token_list

__all__ = ["MessageParser", "RequestParser", "ResponseParser"]

_DEFAULT_LIMITS: Final = Limits()

_M = TypeVar("_M", Request, Response)


class MessageParser(ABC, Generic[_M]):
    """What the two parsers have in common.

    `message` has its start line and fields once `head_done` is true, and is complete once `done`
    is. `started` tells whether any byte came. After an error, every further call raises it again.
    Not safe for concurrent use.
    """

    __slots__ = (
        "_content",
        "_error",
        "_illegal",
        "_limits",
        "_lines",
        "_section",
        "done",
        "head_done",
        "message",
        "started",
    )

    def __init__(self, limits: Limits, message: _M, illegal: Error) -> None:
        self.message: _M = message
        self.started: bool = False
        self.head_done: bool = False
        self.done: bool = False
        self._limits = limits
        self._illegal = illegal
        self._lines: LineReader | None = None
        self._section: FieldSection | None = None
        self._content: Content | None = None
        self._error: tuple[Error, str] | None = None

    @property
    def need_eof(self) -> bool:
        """Whether the content goes on until the peer closes; known once `head_done` is true."""
        return isinstance(self._content, StreamContent)

    def feed(self, data: bytes | bytearray, start: int = 0) -> int:
        """Parse `data` from index `start` on; return the index of the first byte not used.

        That is the length of `data`, unless the message ended before: what follows a message is
        never used. `data` is not kept.

        Raises:
            HttpError: the bytes are no message, or one that passes a limit.
        """
        self._raise_again()
        if self.done or start >= len(data):
            return start
        self.started = True
        try:
            return self._advance(data, start)
        except HttpError as error:
            self._error = (error.code, error.detail)
            raise

    def end_of_stream(self) -> None:
        """Tell the parser that the peer closed. That completes a message with `need_eof`.

        Raises:
            HttpError: no message has begun (`Error.END_OF_STREAM`), or it is not complete
                (`Error.PARTIAL_MESSAGE`).
        """
        self._raise_again()
        if self.done:
            return
        if isinstance(self._content, StreamContent):
            self._finish(self._content)
            return
        if not self.started:
            self._error = (Error.END_OF_STREAM, "")
        else:
            where = "content" if self.head_done else "head"
            self._error = (Error.PARTIAL_MESSAGE, f"the stream ended in its {where}")
        self._raise_again()

    def _raise_again(self) -> None:
        if self._error is not None:
            raise HttpError(*self._error)

    def _advance(self, data: bytes | bytearray, start: int) -> int:
        if not self.head_done:
            stop = self._split_head(data, start) if self._lines is None else None
            start = self._read_head(data, start) if stop is None else stop
            if not self.head_done:
                return start
        if self._content is not None:
            start = self._content.feed(data, start)
            if self._content.done:
                self._finish(self._content)
        return start

    def _split_head(self, data: bytes | bytearray, start: int) -> int | None:
        """Take the head at once, if it is all there and nothing is wrong with its lines."""
        head = split_head(data, start, self._limits)
        if head is None:
            return None
        line, fields, stop = head
        if not self._parse_start_line(line):
            return None
        self._end_head(Fields.of_clean(fields))
        return stop

    def _read_head(self, data: bytes | bytearray, start: int) -> int:
        """Read the head line by line: it comes in pieces, or something is wrong with it."""
        if self._section is None:
            self._section, start = self._read_start_line(data, start)
            if self._section is None:
                return start
        start = self._section.feed(data, start)
        if self._section.done:
            self._end_head(self._section.fields)
        return start

    def _read_start_line(
        self, data: bytes | bytearray, start: int
    ) -> tuple[FieldSection | None, int]:
        limits = self._limits
        lines = self._lines
        if lines is None:
            lines = LineReader(limits.start_line, Error.START_LINE_LIMIT, self._illegal)
            # Its line end and the blank line are part of the head too.
            if limits.head - 4 < limits.start_line:
                lines.limit = max(limits.head - 4, 0)
                lines.too_long = Error.HEADER_LIMIT
            self._lines = lines
        partial = lines.partial
        unchecked = min(OPENING_SIZE, lines.limit + 1) - len(partial)
        if unchecked > 0:
            # Bytes that are no HTTP at all may never make a line.
            opening = data[start : start + unchecked]
            self._check_opening(bytes(partial) + opening if partial else opening)
        line, start = lines.read(data, start)
        if line is None:
            return None, start
        if not self._parse_start_line(line):
            raise self._start_line_error(line)
        return FieldSection(Fields(), lines, limits, limits.head - len(line) - 2), start

    def _end_head(self, fields: Fields) -> None:
        self.message.fields = fields
        self.message.body = b""
        # Whether the connection lasts depends on it, so it must be understood.
        token_list(fields.get_all("Connection"))
        self._content = self._choose_content()
        self.head_done = True
        self.done = self._content is None

    def _finish(self, content: Content) -> None:
        self.message.body = content.take()
        self.done = True

    @abstractmethod
    def _check_opening(self, opening: bytes | bytearray) -> None: ...

    @abstractmethod
    def _parse_start_line(self, line: str) -> bool: ...

    @abstractmethod
    def _start_line_error(self, line: str) -> HttpError: ...

    @abstractmethod
    def _choose_content(self) -> Content | None: ...


class RequestParser(MessageParser[Request]):
    """Parses one request into `message`, a new one unless given.

    >>> parser = RequestParser()
    >>> parser.feed(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\nmore")
    27
    >>> parser.done, parser.message.target, parser.message.fields["host"]
    (True, '/', 'a')
    """

    __slots__ = ()

    def __init__(self, limits: Limits = _DEFAULT_LIMITS, message: Request | None = None) -> None:
        # Its fields too are made here: each call within a call deepens the stack of the thread.
        fresh = Request(fields=Fields()) if message is None else message
        super().__init__(limits, fresh, Error.BAD_TARGET)

    def _check_opening(self, opening: bytes | bytearray) -> None:
        check_request_opening(opening)

    def _parse_start_line(self, line: str) -> bool:
        parts = split_request_line(line)
        if parts is None:
            return False
        message = self.message
        message.method, message.target, message.version = parts
        return True

    def _start_line_error(self, line: str) -> HttpError:
        return request_line_error(line)

    def _choose_content(self) -> Content | None:
        hosts = self.message.fields.get_all("Host")
        if len(hosts) > 1:
            raise HttpError(Error.MULTIPLE_HOST, f"these came: {hosts!r}")
        return request_content(self.message, self._limits)


class ResponseParser(MessageParser[Response]):
    """Parses one response into `message`, a new one unless given.

    A response to HEAD cannot be told from others, so its content is expected in vain.

    >>> parser = ResponseParser()
    >>> parser.feed(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
    27
    >>> parser.done, parser.message.status
    (True, <HTTPStatus.NO_CONTENT: 204>)
    """

    __slots__ = ()

    def __init__(self, limits: Limits = _DEFAULT_LIMITS, message: Response | None = None) -> None:
        fresh = Response(fields=Fields()) if message is None else message
        super().__init__(limits, fresh, Error.BAD_REASON)

    def _check_opening(self, opening: bytes | bytearray) -> None:
        check_response_opening(opening)

    def _parse_start_line(self, line: str) -> bool:
        parts = split_status_line(line)
        if parts is None:
            return False
        message = self.message
        message.version, message.status, message.reason = parts
        return True

    def _start_line_error(self, line: str) -> HttpError:
        return status_line_error(line)

    def _choose_content(self) -> Content | None:
        return response_content(self.message, self._limits)
