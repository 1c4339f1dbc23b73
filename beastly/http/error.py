"""What can be wrong with an HTTP message: one table of codes, and the exception that carries one.

A row holds the code's message, its section, and the status that a server answers with, or `None`
where there is nobody left to answer.
"""

from http import HTTPStatus

from beastly.core import BeastlyError, ErrorCode

__all__ = ["Error", "HttpError"]


class Error(ErrorCode):
    """The codes, with Beast's names where Beast has one.

    Each has a `message`, the `section` of the specification and the `status` of the answer.
    """

    END_OF_STREAM = (
        "a message must begin before the stream ends",
        "RFC 9112 section 8",
        None,
    )
    PARTIAL_MESSAGE = (
        "a message must be complete before the stream ends",
        "RFC 9112 section 8",
        HTTPStatus.BAD_REQUEST,
    )

    START_LINE_LIMIT = (
        "the start line must not be longer than the limit",
        "RFC 9112 section 3",
        HTTPStatus.REQUEST_URI_TOO_LONG,
    )
    FIELD_LINE_LIMIT = (
        "a field line must not be longer than the limit",
        "RFC 6585 section 5",
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    )
    FIELD_COUNT_LIMIT = (
        "a message must not have more field lines than the limit",
        "RFC 6585 section 5",
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    )
    HEADER_LIMIT = (
        "the head of a message must not be larger than the limit",
        "RFC 6585 section 5",
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    )
    BODY_LIMIT = (
        "the content must not be larger than the limit",
        "RFC 9110 section 15.5.14",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    )

    BAD_LINE_ENDING = (
        "a line must end with CR LF and have neither elsewhere",
        "RFC 9112 section 2.2",
        HTTPStatus.BAD_REQUEST,
    )
    BAD_METHOD = (
        "a request must begin with a method, which is a token, and one space",
        "RFC 9112 section 3.1",
        HTTPStatus.BAD_REQUEST,
    )
    BAD_TARGET = (
        "the request-target must be visible ASCII characters, with one space on either side",
        "RFC 9112 section 3.2",
        HTTPStatus.BAD_REQUEST,
    )
    BAD_VERSION = (
        "the version must be HTTP/1.1 or HTTP/1.0",
        "RFC 9112 section 2.3",
        HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
    )
    BAD_STATUS = (
        "the status code must be three digits from 100 on, with one space on either side",
        "RFC 9112 section 4",
        None,
    )
    BAD_REASON = (
        "the reason phrase must have no control characters",
        "RFC 9112 section 4",
        None,
    )

    BAD_FIELD = (
        "a field line must begin with a name, which is a token, and a colon directly behind it",
        "RFC 9112 section 5.1",
        HTTPStatus.BAD_REQUEST,
    )
    BAD_VALUE = (
        "a field value must have no control characters and follow the field's own grammar",
        "RFC 9110 section 5.5",
        HTTPStatus.BAD_REQUEST,
    )
    BAD_OBS_FOLD = (
        "a field line must not begin with white space",
        "RFC 9112 section 5.2",
        HTTPStatus.BAD_REQUEST,
    )
    MULTIPLE_HOST = (
        "a request must not have more than one Host field",
        "RFC 9112 section 3.2",
        HTTPStatus.BAD_REQUEST,
    )
    BAD_CONTENT_LENGTH = (
        "Content-Length must be a decimal number and stand without Transfer-Encoding",
        "RFC 9112 section 6.3",
        HTTPStatus.BAD_REQUEST,
    )
    MULTIPLE_CONTENT_LENGTH = (
        "a message must not have more than one Content-Length",
        "RFC 9112 section 6.3",
        HTTPStatus.BAD_REQUEST,
    )
    BAD_TRANSFER_ENCODING = (
        "Transfer-Encoding must be chunked and nothing else, in HTTP/1.1",
        "RFC 9112 section 6.1",
        HTTPStatus.NOT_IMPLEMENTED,
    )
    BAD_CHUNK = (
        "a chunk must be its size in hexadecimal digits, CR LF, its data, CR LF",
        "RFC 9112 section 7.1",
        HTTPStatus.BAD_REQUEST,
    )
    BAD_CHUNK_EXTENSION = (
        "a chunk extension must be a semicolon, a token and perhaps a value",
        "RFC 9112 section 7.1.1",
        HTTPStatus.BAD_REQUEST,
    )

    def __init__(self, message: str, section: str, status: HTTPStatus | None) -> None:
        self.message = message
        self.section = section
        self.status = status


class HttpError(BeastlyError):
    """The peer's bytes are no HTTP message, or one that passes a limit.

    Nothing else of the connection can be understood then: a server answers with `code.status`, if
    there is one, and closes.
    """

    def __init__(self, code: Error, detail: str = "") -> None:
        super().__init__(code, detail)
        self._row = code

    @property
    def code(self) -> Error:
        """What is wrong, as a row of the table."""
        return self._row
