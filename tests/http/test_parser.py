import tracemalloc
from http import HTTPStatus

import pytest

from beastly.http import (
    Error,
    HttpError,
    Limits,
    Request,
    RequestParser,
    Response,
    ResponseParser,
)
from tests.http.parsing import error_of, feed_all
from tests.support.feeding import feedings, with_trailing
from tests.support.wire import GOOD_REQUEST, GOOD_RESPONSE

GET = b"GET / HTTP/1.1\r\n"
POST = b"POST / HTTP/1.1\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

# Each row ends with the byte that proves the error: before it, none is raised.
BAD_REQUESTS: list[tuple[bytes, Error]] = [
    # What is not HTTP is refused in its first bytes, even if no line end ever comes.
    (b"\x16", Error.BAD_METHOD),
    (b"\x81", Error.BAD_METHOD),
    (b" ", Error.BAD_METHOD),
    (b"\r", Error.BAD_METHOD),
    (b"\n", Error.BAD_METHOD),
    (b"GE\x00", Error.BAD_METHOD),
    (b"G@", Error.BAD_METHOD),
    (b"GET\r", Error.BAD_METHOD),
    (b"HTTP/", Error.BAD_METHOD),
    (b"SSH-2.0-OpenSSH_9.6\r", Error.BAD_METHOD),
    (b"a" * 40 + b"@\r\n", Error.BAD_METHOD),
    (b"a" * 40 + b"\r\n", Error.BAD_METHOD),
    # RFC 9112 section 3.
    (b"GET\t", Error.BAD_METHOD),
    (b"GET  / HTTP/1.1\r\n", Error.BAD_TARGET),
    (b"GET \r\n", Error.BAD_TARGET),
    (b"GET  \r\n", Error.BAD_TARGET),
    (b"GET /a b HTTP/1.1\r\n", Error.BAD_TARGET),
    (b"GET / HTTP/1.1 \r\n", Error.BAD_TARGET),
    (b"GET /\xe9 HTTP/1.1\r\n", Error.BAD_TARGET),
    (b"GET /\ta HTTP/1.1\r\n", Error.BAD_TARGET),
    (b"GET /\x00", Error.BAD_TARGET),
    (b"GET /\x7f", Error.BAD_TARGET),
    (b"GET /\r\n", Error.BAD_VERSION),
    (b"GET / \r\n", Error.BAD_VERSION),
    (b"GET / HTTP/2.0\r\n", Error.BAD_VERSION),
    (b"GET / HTTP/1.2\r\n", Error.BAD_VERSION),
    (b"GET / HTTP/0.9\r\n", Error.BAD_VERSION),
    (b"GET / HTTP/1.10\r\n", Error.BAD_VERSION),
    (b"GET / HTTP/1\r\n", Error.BAD_VERSION),
    (b"GET / http/1.1\r\n", Error.BAD_VERSION),
    (b"PRI * HTTP/2.0\r\n", Error.BAD_VERSION),
    # RFC 9112 section 2.2.
    (b"GET / HTTP/1.1\n", Error.BAD_LINE_ENDING),
    (b"GET / HTTP/1.1\ra", Error.BAD_LINE_ENDING),
    (b"GET / HTTP/1.1\r\r", Error.BAD_LINE_ENDING),
    (GET + b"Host: a\n", Error.BAD_LINE_ENDING),
    (GET + b"Host: a\rb", Error.BAD_LINE_ENDING),
    (GET + b"Host: a\r\n\n", Error.BAD_LINE_ENDING),
    (GET + b"\n", Error.BAD_LINE_ENDING),
    # RFC 9112 section 5.
    (GET + b"Host : a\r\n", Error.BAD_FIELD),
    (GET + b"Host\t: a\r\n", Error.BAD_FIELD),
    (GET + b"Host\r\n", Error.BAD_FIELD),
    (GET + b": a\r\n", Error.BAD_FIELD),
    (GET + b"Ho st: a\r\n", Error.BAD_FIELD),
    (GET + b"H\xf6st: a\r\n", Error.BAD_FIELD),
    (GET + b"Host: a\r\n@: b\r\n", Error.BAD_FIELD),
    (GET + b" Host: a\r\n", Error.BAD_OBS_FOLD),
    (GET + b"X: a\r\n b\r\n", Error.BAD_OBS_FOLD),
    (GET + b"X: a\r\n\tb\r\n", Error.BAD_OBS_FOLD),
    (GET + b"X: a\r\n \r\n", Error.BAD_OBS_FOLD),
    # RFC 9110 section 5.5.
    (GET + b"X: \x00", Error.BAD_VALUE),
    (GET + b"X: a\x1b", Error.BAD_VALUE),
    (GET + b"X\x01", Error.BAD_VALUE),
    (GET + b"X: \x7f", Error.BAD_VALUE),
    # Beast parses Connection with the head as well (1.10).
    (GET + b"Connection: @\r\n\r\n", Error.BAD_VALUE),
    (GET + b"Connection: close\r\nConnection: a b\r\n\r\n", Error.BAD_VALUE),
    # RFC 9112 section 3.2.
    (GET + b"Host: a\r\nHost: a\r\n\r\n", Error.MULTIPLE_HOST),
    (GET + b"Host: a\r\nX: y\r\nhOST: b\r\n\r\n", Error.MULTIPLE_HOST),
    # RFC 9112 sections 6.1 to 6.3.
    (POST + b"Content-Length: +5\r\n\r\n", Error.BAD_CONTENT_LENGTH),
    (POST + b"Content-Length: -1\r\n\r\n", Error.BAD_CONTENT_LENGTH),
    (POST + b"Content-Length: 5_0\r\n\r\n", Error.BAD_CONTENT_LENGTH),
    (POST + b"Content-Length: 0x5\r\n\r\n", Error.BAD_CONTENT_LENGTH),
    (POST + b"Content-Length: 5 5\r\n\r\n", Error.BAD_CONTENT_LENGTH),
    (POST + b"Content-Length: \r\n\r\n", Error.BAD_CONTENT_LENGTH),
    (POST + b"Content-Length: \xb2\r\n\r\n", Error.BAD_CONTENT_LENGTH),
    (POST + b"Content-Length: 00000000000000000005\r\n\r\n", Error.BAD_CONTENT_LENGTH),
    (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        Error.BAD_CONTENT_LENGTH,
    ),
    (POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n", Error.MULTIPLE_CONTENT_LENGTH),
    (POST + b"Content-Length: 5, 5\r\n\r\n", Error.MULTIPLE_CONTENT_LENGTH),
    (POST + b"Content-Length: 5,\r\n\r\n", Error.MULTIPLE_CONTENT_LENGTH),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", Error.BAD_TRANSFER_ENCODING),
    (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n", Error.BAD_TRANSFER_ENCODING),
    (POST + b"Transfer-Encoding: identity\r\n\r\n", Error.BAD_TRANSFER_ENCODING),
    (POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n", Error.BAD_TRANSFER_ENCODING),
    (POST + b"Transfer-Encoding: ,chunked\r\n\r\n", Error.BAD_TRANSFER_ENCODING),
    (POST + b"Transfer-Encoding: xchunked\r\n\r\n", Error.BAD_TRANSFER_ENCODING),
    (POST + b"Transfer-Encoding:\r\n\r\n", Error.BAD_TRANSFER_ENCODING),
    (
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n",
        Error.BAD_TRANSFER_ENCODING,
    ),
    (
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        Error.BAD_TRANSFER_ENCODING,
    ),
    # RFC 9112 section 7.1.
    (CHUNKED + b"x\r\n", Error.BAD_CHUNK),
    (CHUNKED + b"\r\n", Error.BAD_CHUNK),
    (CHUNKED + b" 1\r\n", Error.BAD_CHUNK),
    (CHUNKED + b"1 \r\n", Error.BAD_CHUNK),
    (CHUNKED + b"0x1\r\n", Error.BAD_CHUNK),
    (CHUNKED + b"1g\r\n", Error.BAD_CHUNK),
    (CHUNKED + b"00000000000000001\r\n", Error.BAD_CHUNK),
    (CHUNKED + b"1\x00", Error.BAD_CHUNK),
    (CHUNKED + b"1\r\naX", Error.BAD_CHUNK),
    (CHUNKED + b"1\n", Error.BAD_LINE_ENDING),
    (CHUNKED + b"1\r\na\n", Error.BAD_LINE_ENDING),
    (CHUNKED + b"1;\r\n", Error.BAD_CHUNK_EXTENSION),
    (CHUNKED + b"1;a=\r\n", Error.BAD_CHUNK_EXTENSION),
    (CHUNKED + b"1;a b\r\n", Error.BAD_CHUNK_EXTENSION),
    (CHUNKED + b'1;a="\r\n', Error.BAD_CHUNK_EXTENSION),
    (CHUNKED + b"0\r\nHost : a\r\n", Error.BAD_FIELD),
    (CHUNKED + b"0\r\n a\r\n", Error.BAD_OBS_FOLD),
    (CHUNKED + b"0\r\nA: \x00", Error.BAD_VALUE),
    # Known from the head, before any content.
    (POST + b"Content-Length: 1048577\r\n\r\n", Error.BODY_LIMIT),
    (POST + b"Content-Length: 9999999999999999999\r\n\r\n", Error.BODY_LIMIT),
    (CHUNKED + b"100001\r\n", Error.BODY_LIMIT),
    (CHUNKED + b"ffffffffffffffff\r\n", Error.BODY_LIMIT),
]

BAD_RESPONSES: list[tuple[bytes, Error]] = [
    (b"\x15", Error.BAD_VERSION),
    (b"G", Error.BAD_VERSION),
    (b"HTTQ", Error.BAD_VERSION),
    (b"\r", Error.BAD_VERSION),
    (b"2", Error.BAD_VERSION),
    (b"HTTP/2.0 200 OK\r\n", Error.BAD_VERSION),
    (b"HTTP/1.2 200 OK\r\n", Error.BAD_VERSION),
    (b"HTTP/1.10 200 OK\r\n", Error.BAD_VERSION),
    (b"HTTP/\r\n", Error.BAD_VERSION),
    # RFC 9112 section 4.
    (b"HTTP/1.1\r\n", Error.BAD_STATUS),
    (b"HTTP/1.1 101\r\n", Error.BAD_STATUS),
    (b"HTTP/1.1  200 OK\r\n", Error.BAD_STATUS),
    (b"HTTP/1.1 20 OK\r\n", Error.BAD_STATUS),
    (b"HTTP/1.1 2000 OK\r\n", Error.BAD_STATUS),
    (b"HTTP/1.1 099 OK\r\n", Error.BAD_STATUS),
    (b"HTTP/1.1 +10 OK\r\n", Error.BAD_STATUS),
    (b"HTTP/1.1 2\xb20 OK\r\n", Error.BAD_STATUS),
    (b"HTTP/1.1 200 O\x00", Error.BAD_REASON),
    (b"HTTP/1.1 200 O\x7f", Error.BAD_REASON),
    (b"HTTP/1.1 200 OK\n", Error.BAD_LINE_ENDING),
    (OK + b"X : a\r\n", Error.BAD_FIELD),
    (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", Error.MULTIPLE_CONTENT_LENGTH),
    (OK + b"Content-Length: 1048577\r\n\r\n", Error.BODY_LIMIT),
    (OK + b"Transfer-Encoding: gzip\r\n\r\n", Error.BAD_TRANSFER_ENCODING),
    (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Error.BAD_TRANSFER_ENCODING),
    # Also where the status allows no content.
    (b"HTTP/1.1 204 \r\nContent-Length: x\r\n\r\n", Error.BAD_CONTENT_LENGTH),
]

# The smallest messages that pass one limit, byte by byte, and the limits.
OVER_LIMITS: list[tuple[bytes, Limits, Error]] = [
    (b"GET / HTTP/1.1X", Limits(start_line=14), Error.START_LINE_LIMIT),
    (b"G", Limits(start_line=0), Error.START_LINE_LIMIT),
    (GET + b"A: bcX", Limits(field_line=5), Error.FIELD_LINE_LIMIT),
    (GET + b"A:b\r\nA: bcX", Limits(field_line=5), Error.FIELD_LINE_LIMIT),
    (GET + b"A:\r\nB:\r\nC:\r\n", Limits(fields=2), Error.FIELD_COUNT_LIMIT),
    (GET + b"A:\r\n", Limits(fields=0), Error.FIELD_COUNT_LIMIT),
    # 16 bytes of request line, 6 of a field, 2 of the blank line. A line for whose end or for the
    # blank line no room is left is too long already.
    (GET + b"A: bc", Limits(head=24), Error.HEADER_LIMIT),
    (GET + b"A: b", Limits(head=23), Error.HEADER_LIMIT),
    (GET + b"A: b\r\nC", Limits(head=26), Error.HEADER_LIMIT),
    (GET + b"A", Limits(head=20), Error.HEADER_LIMIT),
    (GET + b"A", Limits(head=18), Error.HEADER_LIMIT),
    (b"GET / HTTP/1.1", Limits(head=17), Error.HEADER_LIMIT),
    (b"GET / HTTP/1.1X", Limits(head=18), Error.HEADER_LIMIT),
    (b"GET /", Limits(head=8), Error.HEADER_LIMIT),
    (b"G", Limits(head=4), Error.HEADER_LIMIT),
    (b"G", Limits(head=0), Error.HEADER_LIMIT),
    (POST + b"Content-Length: 4\r\n\r\n", Limits(content=3), Error.BODY_LIMIT),
    (CHUNKED + b"2\r\nab\r\n2\r\n", Limits(content=3), Error.BODY_LIMIT),
    (CHUNKED + b"0\r\nA: " + b"b" * 43, Limits(head=49), Error.HEADER_LIMIT),
    (CHUNKED + b"0\r\nA:\r\nB:\r\n", Limits(fields=1), Error.FIELD_COUNT_LIMIT),
    (CHUNKED + b"0;" + b"a" * 25, Limits(field_line=26), Error.BODY_LIMIT),
]


@pytest.mark.parametrize(("data", "code"), BAD_REQUESTS)
def test_bad_request(data: bytes, code: Error) -> None:
    """However it is cut, with bytes behind it, and not before the byte that proves it."""
    assert error_of(RequestParser, [data[:-1]]) is None
    for pieces in [*feedings(data), *with_trailing(data, b"\r\n\r\nmore")]:
        assert error_of(RequestParser, pieces) is code


@pytest.mark.parametrize(("data", "code"), BAD_RESPONSES)
def test_bad_response(data: bytes, code: Error) -> None:
    """As for requests."""
    assert error_of(ResponseParser, [data[:-1]]) is None
    for pieces in [*feedings(data), *with_trailing(data, b"\r\n\r\nmore")]:
        assert error_of(ResponseParser, pieces) is code


@pytest.mark.parametrize(("data", "limits", "code"), OVER_LIMITS)
def test_over_limit(data: bytes, limits: Limits, code: Error) -> None:
    """One byte, line or field more than a limit allows, found in the first byte too many."""
    assert error_of(RequestParser, [data[:-1]], limits) is None
    for pieces in [*feedings(data), *with_trailing(data, b"\r\n\r\nmore")]:
        assert error_of(RequestParser, pieces, limits) is code


EXACT: list[tuple[bytes, Limits]] = [
    (GET + b"\r\n", Limits(start_line=14, head=18, fields=0, field_line=0, content=0)),
    (GET + b"A: b\r\n\r\n", Limits(start_line=14, head=24, fields=1, field_line=4, content=0)),
    (GET + b"A:b\r\nC:d\r\n\r\n", Limits(head=28, fields=2, field_line=3)),
    (POST + b"Content-Length: 3\r\n\r\nabc", Limits(content=3)),
    (CHUNKED + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", Limits(content=3)),
    (
        CHUNKED + b"1;" + b"a" * 24 + b"\r\nx\r\n0\r\nA: " + b"b" * 23 + b"\r\n\r\n",
        Limits(head=47, field_line=26, fields=1),
    ),
]


@pytest.mark.parametrize(("data", "limits"), EXACT)
def test_exactly_at_the_limits(data: bytes, limits: Limits) -> None:
    for pieces in feedings(data):
        parser = RequestParser(limits)
        assert feed_all(parser, pieces) == b""
        assert parser.done


def test_the_content_that_a_stream_may_bring() -> None:
    for pieces in feedings(OK + b"\r\nabc"):
        parser = ResponseParser(Limits(content=3))
        feed_all(parser, pieces)
        parser.end_of_stream()
        assert parser.message.body == b"abc"
        assert error_of(ResponseParser, [*pieces, b"d"], Limits(content=3)) is Error.BODY_LIMIT


def test_each_code_has_a_case() -> None:
    """The two that remain are those of `end_of_stream`, tested below."""
    cases = [*BAD_REQUESTS, *BAD_RESPONSES]
    codes = {code for _, code in cases} | {code for _, _, code in OVER_LIMITS}
    assert set(Error) - codes == {Error.END_OF_STREAM, Error.PARTIAL_MESSAGE}


def test_good_request() -> None:
    for pieces in with_trailing(GOOD_REQUEST, b"\x81\x85"):
        parser = RequestParser()
        assert feed_all(parser, pieces) == b"\x81\x85"
        assert parser.done
        assert parser.head_done
        assert not parser.need_eof
        message = parser.message
        assert (message.method, message.target, message.version) == ("GET", "/", 11)
        assert list(message.fields.lines()) == [
            ("Host", "localhost"),
            ("Upgrade", "websocket"),
            ("Connection", "upgrade"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", "13"),
        ]
        assert message.body == b""


def test_good_response() -> None:
    """Bytes behind a 101 are no content, whatever its fields say (Beast's case 2.4)."""
    length = b"Content-Length: 5\r\n\r\n"
    for pieces in with_trailing(GOOD_RESPONSE[:-2] + length, b"\x81\x05Hello"):
        parser = ResponseParser()
        assert feed_all(parser, pieces) == b"\x81\x05Hello"
        assert parser.done
        assert not parser.need_eof
        assert parser.message.status is HTTPStatus.SWITCHING_PROTOCOLS
        assert parser.message.reason == "Switching Protocols"
        assert parser.message.version == 11
        assert parser.message.fields["upgrade"] == "websocket"


@pytest.mark.parametrize(
    "target",
    ["/", "/chat?a=%20&b#c", "*", "http://www.example.com/", "www.example.com:443", '!~<>"{}|'],
)
def test_targets(target: str) -> None:
    """RFC 9112 section 3.2; characters that URIs may not have are the application's affair."""
    for pieces in feedings(f"OPTIONS {target} HTTP/1.0\r\n\r\n".encode()):
        parser = RequestParser()
        feed_all(parser, pieces)
        assert parser.message == Request("OPTIONS", target, 10)


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"HTTP/1.1 204 \r\n", 204, ""),
        (b"HTTP/1.1 204 No\tContent \xe9\r\n", 204, "No\tContent \xe9"),
        (b"HTTP/1.1 103 a  b\r\n", 103, "a  b"),
        (b"HTTP/1.0 199 OK\r\n", 199, "OK"),
        (b"HTTP/1.1 304 Not Modified\r\n", 304, "Not Modified"),
    ],
)
def test_status_lines(line: bytes, status: int, reason: str) -> None:
    """RFC 9112 section 4. None of these may have content (section 6.3)."""
    data = line + b"Transfer-Encoding:chunked\r\n\r\n" if b"1.1" in line else line + b"\r\n"
    for pieces in with_trailing(data, b"5"):
        parser = ResponseParser()
        assert feed_all(parser, pieces) == b"5"
        assert parser.done
        assert (parser.message.status, parser.message.reason) == (status, reason)


def test_an_unlisted_status_is_a_plain_number() -> None:
    parser = ResponseParser()
    parser.feed(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n")
    assert parser.done
    assert parser.message.status == 999
    assert not isinstance(parser.message.status, HTTPStatus)


@pytest.mark.parametrize("line", [b"A:b", b"A: b", b"A:\t b \t", b"A:  b"])
def test_white_space_around_a_value(line: bytes) -> None:
    """RFC 9112 section 5.1."""
    for pieces in feedings(GET + line + b"\r\n\r\n"):
        parser = RequestParser()
        feed_all(parser, pieces)
        assert list(parser.message.fields.lines()) == [("A", "b")]


def test_values() -> None:
    """Empty ones, colons, tabs, the upper half of Latin-1; repeated names stay apart."""
    for pieces in feedings(GET + b"A:\r\nB: c:d\te\r\na: \xe9\x85\xa0f\r\n\r\n"):
        parser = RequestParser()
        feed_all(parser, pieces)
        assert list(parser.message.fields.lines()) == [
            ("A", ""),
            ("B", "c:d\te"),
            ("a", "\xe9\x85\xa0f"),
        ]


CONTENTS: list[tuple[bytes, bytes]] = [
    (b"Content-Length: 0\r\n\r\n", b""),
    (b"Content-Length: 5\r\n\r\nab\r\nc", b"ab\r\nc"),
    (b"Content-Length: 0000000000000000005\r\n\r\nabcde", b"abcde"),
    (b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
    (b"Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
    (b"Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n002\r\n\r\n\r\n00\r\n\r\n",
     b"0123456789\r\n"),
    (b"Transfer-Encoding: chunked\r\n\r\n1;a;b=c ; d = \"e\\\"\"\r\nx\r\n0;a\r\n\r\n", b"x"),
    (b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nHost: c\r\n\r\n", b"x"),
]


@pytest.mark.parametrize(("data", "content"), CONTENTS)
def test_content(data: bytes, content: bytes) -> None:
    """RFC 9112 sections 6 and 7: by length and in chunks, in requests and responses."""
    for pieces in with_trailing(POST + data, b"GET"):
        request = RequestParser()
        assert feed_all(request, pieces) == b"GET"
        assert request.done
        assert request.message.body == content
        assert "Host" not in request.message.fields
    for pieces in with_trailing(OK + data, b"HTTP"):
        response = ResponseParser()
        assert feed_all(response, pieces) == b"HTTP"
        assert response.done
        assert not response.need_eof
        assert response.message.body == content


def test_chunks_that_are_mostly_framing() -> None:
    """Each of these chunks spends four bytes more than it brings; the head's limit ends that."""
    limits = Limits(head=60)
    assert error_of(RequestParser, [CHUNKED + b"1\r\na\r\n" * 15], limits) is None
    assert error_of(RequestParser, [CHUNKED + b"1\r\na\r\n" * 16], limits) is Error.BODY_LIMIT
    assert error_of(RequestParser, [CHUNKED + b"5\r\nabcde\r\n" * 1000], limits) is None


def test_content_until_the_stream_ends() -> None:
    """RFC 9112 section 6.3, item 8."""
    for pieces in feedings(OK + b"Connection: close\r\n\r\nany\r\n\r\nthing"):
        parser = ResponseParser()
        assert feed_all(parser, pieces) == b""
        assert parser.head_done
        assert parser.need_eof
        assert not parser.done
        parser.end_of_stream()
        assert parser.done
        assert parser.message.body == b"any\r\n\r\nthing"
        parser.end_of_stream()


def test_states_on_the_way() -> None:
    parser = RequestParser()
    assert (parser.started, parser.head_done, parser.done) == (False, False, False)
    assert parser.feed(b"") == 0
    assert not parser.started
    parser.feed(b"P")
    assert parser.started
    parser.feed(b"OST / HTTP/1.1\r\nContent-Length: 1\r\n\r")
    assert not parser.head_done
    parser.feed(b"\n")
    assert (parser.head_done, parser.done) == (True, False)
    assert parser.message.fields["Content-Length"] == "1"
    assert parser.feed(b"xyz") == 1
    assert parser.done
    assert parser.feed(b"xyz", 1) == 1
    assert parser.message.body == b"x"
    parser.end_of_stream()


def test_feeding_from_a_position() -> None:
    parser = RequestParser()
    data = b"garbage" + GOOD_REQUEST + b"rest"
    assert parser.feed(bytearray(data), 7) == len(data) - 4
    assert parser.done


@pytest.mark.parametrize("make", [RequestParser, ResponseParser])
def test_no_message_before_the_stream_ends(
    make: type[RequestParser] | type[ResponseParser],
) -> None:
    parser = make()
    for _ in range(2):
        with pytest.raises(HttpError) as caught:
            parser.end_of_stream()
        assert caught.value.code is Error.END_OF_STREAM
    with pytest.raises(HttpError):
        parser.feed(GOOD_REQUEST)


def test_the_stream_ends_inside_a_message() -> None:
    """Everywhere but at its end."""
    data = POST + b"Content-Length: 2\r\n\r\nab"
    for size in range(1, len(data)):
        parser = RequestParser()
        parser.feed(data[:size])
        with pytest.raises(HttpError, match="ended in its") as caught:
            parser.end_of_stream()
        assert caught.value.code is Error.PARTIAL_MESSAGE


def test_an_error_stays() -> None:
    parser = RequestParser()
    for _ in range(2):
        with pytest.raises(HttpError, match="looks like a TLS handshake") as caught:
            parser.feed(b"\x16\x03\x01")
        assert caught.value.code is Error.BAD_METHOD
    with pytest.raises(HttpError, match="TLS"):
        parser.feed(GOOD_REQUEST)
    with pytest.raises(HttpError, match="TLS"):
        parser.end_of_stream()
    assert not parser.done


def test_parsing_into_a_given_message() -> None:
    """Nothing of what it was before is left, and a shared `Fields` is not touched."""
    shared = Request(fields={"X": "old"})
    request = Request("PUT", "/old", 10, fields=shared.fields, body=b"old")
    parser = RequestParser(message=request)
    parser.feed(GOOD_REQUEST)
    assert parser.message is request
    assert (request.method, request.target, request.version) == ("GET", "/", 11)
    assert len(request.fields) == 5
    assert request.body == b""
    assert shared.fields["X"] == "old"

    response = Response(404, reason="Old", body=b"old")
    ResponseParser(message=response).feed(GOOD_RESPONSE)
    assert (response.status, response.reason, response.body) == (101, "Switching Protocols", b"")


def peak_of(parser: RequestParser | ResponseParser, pieces: list[bytes]) -> int:
    """Return the most memory that feeding `pieces` takes, an error included."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        try:
            feed_all(parser, pieces)
        except HttpError:
            pass
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


PIECE = 4096
HEADS = [
    b"GET /" + b"a" * 100_000,
    GET + b"A: " + b"a" * 100_000,
    GET + b"".join(b"Name-%03d: %s\r\n" % (i, b"a" * 490) for i in range(200)),
    GET + b"".join(b"%s: a\r\n" % (b"%03d" % i * 160) for i in range(200)),
    GET + b"a:\r\n" * 50_000,
]


@pytest.mark.parametrize("data", HEADS)
def test_memory_of_a_head(data: bytes) -> None:
    """What a peer can make a parser keep is under twice the limit on a head.

    Names are kept in lower case too, which makes two of them; to that comes what Python takes for
    objects of any size, in 128 lines.
    """
    pieces = [data[start : start + PIECE] for start in range(0, len(data), PIECE)]
    assert peak_of(RequestParser(), pieces) < 2 * Limits().head + 256 * Limits().fields


@pytest.mark.parametrize(
    ("head", "framing", "content"),
    [
        (b"Content-Length: 1048576\r\n\r\n", b"", 4096),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n", 4098),
        (b"\r\n", b"", 4096),
    ],
)
def test_memory_of_content(head: bytes, framing: bytes, content: int) -> None:
    """The same for content of all three kinds, here exactly at the limit."""
    pieces = [OK + head, *[framing + (b"a" * 4096 + b"\r\n")[:content]] * 256]
    parser = ResponseParser()
    assert peak_of(parser, pieces) < 2 * Limits().content
