"""How the head of a message tells what content follows it (RFC 9112 section 6.3).

Pure functions from fields to a `Content`. Every doubt about the length is an error, since another
recipient may see another message in the same bytes.
"""

from http import HTTPStatus
from typing import Final

from beastly.http._content import ChunkedContent, Content, CountedContent, StreamContent
from beastly.http.error import Error, HttpError
from beastly.http.fields import Fields
from beastly.http.limits import Limits
from beastly.http.message import Request, Response
from beastly.http.rfc9110 import FRAMING_FIELDS

__all__ = ["request_content", "response_content"]

_LENGTH_DIGITS: Final = 19


def request_content(request: Request, limits: Limits) -> Content | None:
    """Return the reader for the content of `request`, or `None` if it has none.

    Raises:
        HttpError: the fields do not tell the length, or it passes the limit.
    """
    chunked, length = _framing(request.fields, request.version)
    if chunked:
        return ChunkedContent(limits)
    return CountedContent(length, limits) if length else None


def response_content(response: Response, limits: Limits) -> Content | None:
    """Return the reader for the content of `response`, or `None` if it has none.

    Raises:
        HttpError: the fields do not tell the length, or it passes the limit.
    """
    chunked, length = _framing(response.fields, response.version)
    status = response.status
    if status < 200 or status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return None
    if chunked:
        return ChunkedContent(limits)
    if length is None:
        return StreamContent(limits)
    return CountedContent(length, limits) if length else None


def _framing(fields: Fields, version: int) -> tuple[bool, int | None]:
    """Return whether the content is chunked, and its length where that is told."""
    if not fields.has_any(FRAMING_FIELDS):
        return False, None
    chunked = _is_chunked(fields, version)
    return chunked, _content_length(fields, chunked)


def _is_chunked(fields: Fields, version: int) -> bool:
    values = fields.get_all("Transfer-Encoding")
    if not values:
        return False
    # Not taken as a list: empty elements are where recipients differ in what they see.
    if [value.lower() for value in values] != ["chunked"]:
        raise HttpError(Error.BAD_TRANSFER_ENCODING, f"Transfer-Encoding is {', '.join(values)!r}")
    if version < 11:
        raise HttpError(Error.BAD_TRANSFER_ENCODING, "it came in an HTTP/1.0 message")
    return True


def _content_length(fields: Fields, chunked: bool) -> int | None:
    values = fields.get_all("Content-Length")
    if not values:
        return None
    if chunked:
        raise HttpError(Error.BAD_CONTENT_LENGTH, "both fields came")
    if len(values) > 1 or "," in values[0]:
        raise HttpError(Error.MULTIPLE_CONTENT_LENGTH, f"Content-Length is {', '.join(values)!r}")
    digits = values[0]
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _LENGTH_DIGITS):
        raise HttpError(Error.BAD_CONTENT_LENGTH, f"Content-Length is {digits!r}")
    return int(digits)
