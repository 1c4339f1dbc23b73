"""h11 as the oracle: what it refuses is refused here, and what both accept they read alike."""

import h11
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beastly.http import HttpError, Request, RequestParser, Response, ResponseParser
from tests.http.parsing import feed_all

# Mostly what is legal, so that a message gets far enough for one illegal part to matter.
SPACES = st.sampled_from([b" ", b" ", b" ", b" ", b"", b"  ", b"\t"])
METHODS = st.sampled_from([b"GET", b"POST", b"OPTIONS", b"a!#", b"G@T", b""])
TARGETS = st.sampled_from([b"/", b"*", b"http://a/b?c", b"a:1", b"/\xe9", b"/\x00", b"/a b", b""])
VERSIONS = st.sampled_from([b"HTTP/1.1"] * 4 + [b"HTTP/1.0", b"HTTP/2.0", b"http/1.1", b"HTTP/1."])
STATUSES = st.sampled_from([b"200", b"404", b"204", b"304", b"999", b"20", b"2000", b"abc", b"099"])
REASONS = st.sampled_from([b"OK", b"", b"Not so good", b"\xe9", b"a\tb", b"\x00", b"a\rb"])
ENDS = st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"\r\r\n", b""])
NAMES = st.sampled_from([b"X", b"Cookie", b"x-y", b"A!#"] * 3 + [b"X ", b" X", b"\tX", b"", b"\xe9"])
VALUES = st.sampled_from([b"", b"a", b" a b ", b"\ta:b;c", b"\xe9\xa0", b"\x00", b"a\rb", b"a\x0bb"])
LENGTHS = st.sampled_from([b"0", b"3", b"3", b"03", b"+3", b"-3", b"3, 3", b"", b"x", b"9" * 30])
CODINGS = st.sampled_from([b"chunked", b"Chunked", b"gzip", b"gzip, chunked", b"chunked, chunked"])
CHUNK_SIZES = st.sampled_from([b"3", b"003", b"3;a=b", b'3;a="b c"', b"3 ;a", b"x", b"-3", b"3x", b""])
TRAILERS = st.sampled_from([b"", b"", b"A: b\r\n", b"A : b\r\n", b" A: b\r\n", b"A\r\n"])


@st.composite
def field_lines(draw: st.DrawFn) -> bytes:
    lines = [
        draw(NAMES) + b":" + draw(VALUES) + draw(ENDS) for _ in range(draw(st.integers(0, 3)))
    ]
    for name, values in ((b"Content-Length", LENGTHS), (b"Transfer-Encoding", CODINGS)):
        lines += [
            name + b": " + draw(values) + b"\r\n"
            for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2])))
        ]
    lines += [b"Connection: close\r\n"] * draw(st.integers(0, 1))
    return b"".join(draw(st.permutations(lines)))


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    chunk = draw(CHUNK_SIZES) + draw(ENDS) + b"abc" + draw(ENDS)
    last = b"0" + draw(ENDS) + draw(TRAILERS) + draw(ENDS)
    return draw(st.sampled_from([b"", b"abc", b"ab", b"abcd", chunk + last, last]))


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    start = draw(METHODS) + draw(SPACES) + draw(TARGETS) + draw(SPACES) + draw(VERSIONS)
    host = draw(st.sampled_from([b"Host: a\r\n"] * 4 + [b"Host: a\r\nhost: a\r\n"]))
    return start + draw(ENDS) + host + draw(field_lines()) + draw(ENDS) + draw(contents())


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    start = draw(VERSIONS) + draw(SPACES) + draw(STATUSES) + draw(SPACES) + draw(REASONS)
    return start + draw(ENDS) + draw(field_lines()) + draw(ENDS) + draw(contents())


def parsed(
    parser: RequestParser | ResponseParser, data: bytes, step: int
) -> tuple[Request | Response, bytes] | None:
    """Return the message and what follows it, or `None` if there is no complete legal one."""
    try:
        pieces = [data[start : start + step] for start in range(0, len(data), step)]
        unused = feed_all(parser, pieces)
        parser.end_of_stream()
    except HttpError:
        return None
    return parser.message, unused


def h11_lines(message: Request | Response) -> list[tuple[bytes, bytes]]:
    lines = message.fields.lines()
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in lines]


def h11_headers(event: h11.Request | h11.Response) -> list[tuple[bytes, bytes]]:
    """The headers of `event`, to be compared with `h11_lines`.

    It spells the one transfer coding that it knows in lower case.
    """
    return list(event.headers)


def h11_rest(connection: h11.Connection) -> tuple[bytes, bytes]:
    """Return the content and what follows the message; raises what h11 raises."""
    content = b""
    while isinstance(event := connection.next_event(), h11.Data):
        content += event.data
    assert isinstance(event, h11.EndOfMessage), event
    return content, connection.trailing_data[0]


def spelled_alike(lines: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in lines]


@settings(max_examples=1500)
@given(requests(), st.integers(1, 200))
def test_what_is_a_request_is_one_for_h11(data: bytes, step: int) -> None:
    ours = parsed(RequestParser(), data, step)
    assume(ours is not None)
    assert ours is not None
    message, unused = ours
    assert isinstance(message, Request)
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    event = connection.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (message.method.encode(), message.target.encode())
    assert spelled_alike(h11_headers(event)) == spelled_alike(h11_lines(message))
    assert h11_rest(connection) == (message.body, unused)


@settings(max_examples=1500)
@given(responses(), st.integers(1, 200))
def test_what_is_a_response_is_one_for_h11(data: bytes, step: int) -> None:
    ours = parsed(ResponseParser(), data, step)
    assume(ours is not None)
    assert ours is not None
    message, unused = ours
    assert isinstance(message, Response)
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    event = connection.next_event()
    assert isinstance(event, h11.Response)
    assert (event.status_code, event.reason) == (message.status, message.reason.encode("latin-1"))
    assert spelled_alike(h11_headers(event)) == spelled_alike(h11_lines(message))
    assert h11_rest(connection) == (message.body, unused)
