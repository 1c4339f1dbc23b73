import pytest

from beastly.http import Error, Fields, HttpError, Limits, Request, Response
from beastly.http._content import ChunkedContent, CountedContent, StreamContent
from beastly.http._framing import request_content, response_content

LENGTH = {"Content-Length": "5"}
CHUNKED = {"Transfer-Encoding": "CHUNKED"}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, None),
        ({"Content-Length": "0"}, None),
        ({"Content-Length": "000"}, None),
        (LENGTH, CountedContent),
        (CHUNKED, ChunkedContent),
    ],
)
def test_requests(fields: dict[str, str], kind: type | None) -> None:
    """RFC 9112 section 6.3, items 4 to 7."""
    content = request_content(Request("POST", fields=fields), Limits())
    assert (content if kind is None else type(content)) is kind


@pytest.mark.parametrize(
    ("status", "fields", "kind"),
    [
        (200, {}, StreamContent),
        (200, {"Content-Length": "0"}, None),
        (404, LENGTH, CountedContent),
        (404, CHUNKED, ChunkedContent),
        # Item 1: no content, whatever the fields say.
        *((status, {}, None) for status in (100, 101, 199, 204, 304)),
        *((status, LENGTH, None) for status in (100, 101, 199, 204, 304)),
        (101, CHUNKED, None),
        (304, {"Content-Length": "9999999999999999999"}, None),
        (205, {}, StreamContent),
    ],
)
def test_responses(status: int, fields: dict[str, str], kind: type | None) -> None:
    """RFC 9112 section 6.3."""
    content = response_content(Response(status, fields=fields), Limits())
    assert (content if kind is None else type(content)) is kind


BAD: list[tuple[list[tuple[str, str]], Error]] = [
    ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], Error.BAD_CONTENT_LENGTH),
    ([("Content-Length", "5"), ("content-length", "5")], Error.MULTIPLE_CONTENT_LENGTH),
    ([("Content-Length", "5,6")], Error.MULTIPLE_CONTENT_LENGTH),
    ([("Content-Length", "5.0")], Error.BAD_CONTENT_LENGTH),
    ([("Content-Length", "٣")], Error.BAD_CONTENT_LENGTH),
    ([("Content-Length", "1" * 20)], Error.BAD_CONTENT_LENGTH),
    ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "")], Error.BAD_TRANSFER_ENCODING),
    ([("Transfer-Encoding", "gzip")], Error.BAD_TRANSFER_ENCODING),
    ([("Content-Length", "6")], Error.BODY_LIMIT),
]


@pytest.mark.parametrize(("lines", "code"), BAD)
def test_doubt_is_an_error(lines: list[tuple[str, str]], code: Error) -> None:
    """RFC 9112 sections 6.1 and 6.3: two recipients must not see two messages."""
    limits = Limits(content=5)
    with pytest.raises(HttpError) as caught:
        request_content(Request("POST", fields=Fields(lines)), limits)
    assert caught.value.code is code
    with pytest.raises(HttpError) as caught:
        response_content(Response(200, fields=Fields(lines)), limits)
    assert caught.value.code is code


def test_no_transfer_coding_in_old_messages() -> None:
    """RFC 9112 section 6.1."""
    with pytest.raises(HttpError, match=r"HTTP/1\.0") as caught:
        response_content(Response(200, 10, fields=CHUNKED), Limits())
    assert caught.value.code is Error.BAD_TRANSFER_ENCODING
