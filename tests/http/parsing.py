"""Parsers fed with pieces: what the tests of several modules need."""

from collections.abc import Iterable

from beastly.http import Error, HttpError, Limits, RequestParser, ResponseParser

__all__ = ["error_of", "feed_all"]


def feed_all(parser: RequestParser | ResponseParser, pieces: Iterable[bytes]) -> bytes:
    """Feed `pieces` in order; return what the parser did not use of them."""
    unused = bytearray()
    for piece in pieces:
        unused += piece[parser.feed(piece) :]
    return bytes(unused)


def error_of(
    make: type[RequestParser] | type[ResponseParser],
    pieces: Iterable[bytes],
    limits: Limits | None = None,
) -> Error | None:
    """Return the code of the error that a new parser raises, or `None` if it raises none."""
    parser = make(Limits() if limits is None else limits)
    try:
        feed_all(parser, pieces)
    except HttpError as error:
        return error.code
    return None
