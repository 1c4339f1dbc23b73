"""`Request` and `Response`: HTTP messages as mutable values, and their form on the wire.

Encoding checks everything, so that nothing invalid is sent however it got into a message. Knows no
sockets and no parsing.
"""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

from beastly.core import Buffer
from beastly.http.fields import Fields
from beastly.http.rfc9110 import FRAMING_FIELDS, has_token, is_field_value, is_token

__all__ = ["Message", "Request", "Response", "join_head"]

_VERSIONS: Final = {11: "HTTP/1.1", 10: "HTTP/1.0"}
_LISTED: Final = {int(status): status for status in HTTPStatus}
_TARGET: Final = re.compile(r"[\x21-\x7e]++")

# Methods that mean something by their content, so that its absence is told (RFC 9110 section 8.6).
_METHODS_WITH_CONTENT: Final = ("POST", "PUT", "PATCH")


def join_head(start_line: str, lines: Iterable[tuple[str, str]]) -> bytes:
    """Return a head as it is sent. Nothing is checked: that is for who has a part from others."""
    return "\r\n".join([start_line, *map(": ".join, lines), "", ""]).encode("latin-1")


class Message:
    """What requests and responses have in common.

    `version` is 11 for HTTP/1.1 and 10 for HTTP/1.0. Mutable; not safe for concurrent changes.
    """

    __slots__ = ("_body", "fields", "version")

    def __init__(
        self,
        version: int,
        fields: Mapping[str, str] | Iterable[tuple[str, str]] | None,
        body: Buffer,
    ) -> None:
        self.version: int = version
        self.fields: Fields = fields if isinstance(fields, Fields) else Fields(fields or ())
        self._body = body if isinstance(body, bytes) else bytes(memoryview(body))

    @property
    def body(self) -> bytes:
        """The content, decoded. Any bytes-like object can be set; it is copied unless `bytes`."""
        return self._body

    @body.setter
    def body(self, value: Buffer) -> None:
        self._body = value if isinstance(value, bytes) else bytes(memoryview(value))

    @property
    def keep_alive(self) -> bool:
        """Whether the connection goes on after this message (RFC 9112 section 9.3)."""
        options = self.fields.get_all("Connection")
        if has_token(options, "close"):
            return False
        return self.version >= 11 or has_token(options, "keep-alive")

    def _assign(self, other: "Message") -> None:
        self.version = other.version
        self.fields = other.fields.copy()
        self._body = other._body

    def _encode(self, start_line: str) -> bytes:
        lines = [*self.fields.lines()]
        if lines:
            names, values = zip(*lines, strict=True)
            # One look at all of them, which tells whether there is anything to find.
            if "" in names or not (is_token("".join(names)) and is_field_value("".join(values))):
                raise _wrong_field(lines)
        return join_head(start_line, lines) + self._body

    def _version_text(self) -> str:
        text = _VERSIONS.get(self.version)
        if text is None:
            raise ValueError(
                f"the version is 11 or 10 (RFC 9112 section 2.3), not {self.version!r}"
            )
        return text

    def _content_length(self) -> str | None:
        """Return the one Content-Length, or `None`, and refuse framing that is never sent here."""
        if not self.fields.has_any(FRAMING_FIELDS):
            return None
        if "Transfer-Encoding" in self.fields:
            raise ValueError(
                "content is sent by Content-Length, never with Transfer-Encoding"
                " (RFC 9112 section 6.2): prepare_payload() sets it"
            )
        lengths = self.fields.get_all("Content-Length")
        if len(lengths) > 1:
            raise ValueError(
                f"a message has one Content-Length (RFC 9112 section 6.3), not {lengths!r}"
            )
        return lengths[0] if lengths else None

    def _check_length(self, length: str) -> None:
        if length != str(len(self._body)):
            raise ValueError(
                f"Content-Length is {length!r} and the body has {len(self._body)} bytes"
                " (RFC 9112 section 6.2): prepare_payload() sets it"
            )


class Request(Message):
    """An HTTP request: `method`, `target`, `version`, `fields`, `body`.

    `target` is the request-target as it stands on the wire, in any of its four forms (RFC 9112
    section 3.2). `fields` that are `Fields` already are taken over, others are copied.

    >>> request = Request("GET", "/chat", fields={"Host": "www.example.com"})
    >>> request.encode()
    b'GET /chat HTTP/1.1\\r\\nHost: www.example.com\\r\\n\\r\\n'

    Raises:
        TypeError: a field is not of `str`, or `body` is not bytes-like.
    """

    __slots__ = ("method", "target")

    def __init__(
        self,
        method: str = "GET",
        target: str = "/",
        version: int = 11,
        *,
        fields: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        body: Buffer = b"",
    ) -> None:
        super().__init__(version, fields, body)
        self.method: str = method
        self.target: str = target

    def prepare_payload(self) -> None:
        """Set Content-Length to what `body` has, and remove what else would frame it.

        A request without a body gets none, unless its method says that content was to be expected
        (RFC 9110 section 8.6).
        """
        self.fields.pop("Transfer-Encoding", None)
        if self._body or self.method in _METHODS_WITH_CONTENT:
            self.fields["Content-Length"] = str(len(self._body))
        else:
            self.fields.pop("Content-Length", None)

    def assign(self, other: "Request") -> None:
        """Make this request an independent copy of `other`."""
        self._assign(other)
        self.method = other.method
        self.target = other.target

    def encode(self) -> bytes:
        """Return the request as it is sent.

        Raises:
            ValueError: the method, the target, the version, a field name or a field value is
                invalid, there is not exactly one Host (at most one in HTTP/1.0), or the fields do
                not frame the body. The text says which, where, and the section.
        """
        version = self._version_text()
        if not is_token(self.method):
            raise ValueError(f"the method is a token (RFC 9110 section 9.1), not {self.method!r}")
        if _TARGET.fullmatch(self.target) is None:
            raise ValueError(
                "the request-target is one or more visible ASCII characters (RFC 9112 section 3.2),"
                f" not {self.target!r}"
            )
        hosts = self.fields.get_all("Host")
        if len(hosts) > 1 or (not hosts and self.version >= 11):
            raise ValueError(f"a request has one Host field (RFC 9112 section 3.2), not {hosts!r}")
        length = self._content_length()
        if length is not None:
            self._check_length(length)
        elif self._body:
            raise ValueError(
                f"a body of {len(self._body)} bytes needs a Content-Length (RFC 9112 section 6.2):"
                " prepare_payload() sets it"
            )
        return self._encode(f"{self.method} {self.target} {version}")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Request):
            return self._key() == other._key()
        return NotImplemented

    def __repr__(self) -> str:
        return (
            f"Request({self.method!r}, {self.target!r}, {self.version!r},"
            f" fields={self.fields!r}, body={self.body!r})"
        )

    def _key(self) -> tuple[object, ...]:
        return (self.method, self.target, self.version, self.fields, self.body)


class Response(Message):
    """An HTTP response: `status`, `reason`, `version`, `fields`, `body`.

    `status` is an `http.HTTPStatus` where the code is listed there, otherwise a plain `int`. An
    empty `reason` stands for the standard phrase of the status. `fields` that are `Fields` already
    are taken over, others are copied.

    >>> response = Response(404, body=b"no such room")
    >>> response.prepare_payload()
    >>> response.encode()
    b'HTTP/1.1 404 Not Found\\r\\nContent-Length: 12\\r\\n\\r\\nno such room'

    Raises:
        TypeError: a field is not of `str`, or `body` is not bytes-like.
    """

    __slots__ = ("_status", "reason")

    def __init__(
        self,
        status: int = 200,
        version: int = 11,
        *,
        reason: str = "",
        fields: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        body: Buffer = b"",
    ) -> None:
        super().__init__(version, fields, body)
        self.status = status
        self.reason: str = reason

    @property
    def status(self) -> int:
        """The status code, as an `http.HTTPStatus` where it is one."""
        return self._status

    @status.setter
    def status(self, value: int) -> None:
        self._status = _LISTED.get(value, value)

    def prepare_payload(self) -> None:
        """Set Content-Length to what `body` has, and remove what else would frame it.

        A 1xx or 204 response gets none, and a 304 response keeps what it says of the content that
        it stands for (RFC 9110 section 8.6).

        Raises:
            ValueError: the status allows no content and there is a body.
        """
        self._check_body_allowed()
        self.fields.pop("Transfer-Encoding", None)
        if _has_no_length(self.status):
            self.fields.pop("Content-Length", None)
        elif self.status != HTTPStatus.NOT_MODIFIED:
            self.fields["Content-Length"] = str(len(self._body))

    def assign(self, other: "Response") -> None:
        """Make this response an independent copy of `other`."""
        self._assign(other)
        self._status = other._status
        self.reason = other.reason

    def encode(self) -> bytes:
        """Return the response as it is sent.

        A response that allows content has a Content-Length, or says by `Connection: close` that the
        end of the connection ends it (RFC 9112 section 6.3).

        Raises:
            ValueError: the status, the reason, the version, a field name or a field value is
                invalid, or the fields do not frame the body. The text says which, where, and the
                section.
        """
        version = self._version_text()
        status = self._status
        if not 100 <= status <= 999:
            raise ValueError(
                f"a status code is from 100 to 999 (RFC 9112 section 4), not {status}"
            )
        reason = self.reason
        if not reason and isinstance(status, HTTPStatus):
            reason = status.phrase
        if not is_field_value(reason):
            raise ValueError(
                "a reason phrase has no control characters and nothing outside Latin-1"
                f" (RFC 9112 section 4), unlike {reason!r}"
            )
        self._check_framing()
        return self._encode(f"{version} {status:d} {reason}")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Response):
            return self._key() == other._key()
        return NotImplemented

    def __repr__(self) -> str:
        return (
            f"Response({int(self.status)}, {self.version!r}, reason={self.reason!r},"
            f" fields={self.fields!r}, body={self.body!r})"
        )

    def _key(self) -> tuple[object, ...]:
        return (self.status, self.reason, self.version, self.fields, self.body)

    def _check_framing(self) -> None:
        self._check_body_allowed()
        length = self._content_length()
        status = self._status
        if _has_no_length(status):
            if length is not None:
                raise ValueError(
                    f"a {status:d} response has no Content-Length (RFC 9110 section 8.6)"
                )
        elif status == HTTPStatus.NOT_MODIFIED:
            # Its length is that of the content it stands for, which it does not have itself.
            if length is not None and not (length.isascii() and length.isdecimal()):
                raise ValueError(
                    f"Content-Length is a decimal number (RFC 9110 section 8.6), not {length!r}"
                )
        elif length is not None:
            self._check_length(length)
        elif self.keep_alive:
            raise ValueError(
                "a response that allows content has a Content-Length or Connection: close"
                " (RFC 9112 section 6.3): prepare_payload() sets the first"
            )

    def _check_body_allowed(self) -> None:
        if self._body and (_has_no_length(self.status) or self.status == HTTPStatus.NOT_MODIFIED):
            raise ValueError(
                f"a {int(self.status)} response has no content (RFC 9112 section 6.3), and body has"
                f" {len(self._body)} bytes"
            )


def _wrong_field(lines: list[tuple[str, str]]) -> ValueError:
    """Say what is wrong with the first of the fields that breaks a rule; one does."""
    name, value = next(
        (name, value) for name, value in lines if not (is_token(name) and is_field_value(value))
    )
    if not is_token(name):
        return ValueError(f"a field name is a token (RFC 9110 section 5.1), not {name!r}")
    return ValueError(
        "a field value has no control characters and nothing outside Latin-1"
        f" (RFC 9110 section 5.5), unlike {name}: {value!r}"
    )


def _has_no_length(status: int) -> bool:
    return 100 <= status <= 199 or status == HTTPStatus.NO_CONTENT
