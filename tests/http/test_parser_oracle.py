"""h11 as the oracle: what it refuses is refused here, and what both accept they read alike."""

import h11
from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from beastly.http import HttpError, Request, RequestParser, Response, ResponseParser
from tests.http.parsing import feed_all

REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\nnext",
    b"GET /a?b HTTP/1.1\r\nHost:a\r\nCookie:\t b ; c \r\ncookie: \xe9\r\nX:\r\n\r\n",
    b"OPTIONS * HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nabcdefghijklmnop",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nmore",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'01;a;b=c;d="e"\r\n\n\r\nA\r\n0123456789\r\n00\r\nA: b\r\nC:d\r\n\r\n',
]
RESPONSES = [
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nX: \xe9\r\n\r\nabcd",
    b"HTTP/1.0 999 \r\nServer: a\tb \r\nContent-Length:0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\n\r\n",
]

# What matters somewhere in a message; nothing at all stands for a byte that is left out.
PIECES = st.sampled_from(
    [b"", b"\r\n", b"Host: b\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"]
    + [bytes([byte]) for byte in b"\x00\t\n\x0b\r !\"+,-./01239:;@A_afx\x7f\x80\x85\xa0\xe9\xff"]
)


@st.composite
def nearly(draw: st.DrawFn, messages: list[bytes]) -> bytes:
    """One of `messages`, with up to three pieces put in somewhere, perhaps in place of a byte."""
    data = draw(st.sampled_from(messages))
    for _ in range(draw(st.integers(0, 3))):
        position = draw(st.integers(0, len(data)))
        rest = position + draw(st.integers(0, 1))
        data = data[:position] + draw(PIECES) + data[rest:]
    return data


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
    """The fields as h11 has them: names in lower case, and the one coding that it knows too."""
    lines: list[tuple[bytes, bytes]] = []
    for name, value in message.fields.lines():
        key = name.lower().encode("latin-1")
        if key == b"transfer-encoding":
            value = value.lower()
        lines.append((key, value.encode("latin-1")))
    return lines


def h11_rest(connection: h11.Connection) -> tuple[bytes, bytes]:
    """Return the content and what follows the message; raises what h11 raises."""
    content = b""
    while isinstance(event := connection.next_event(), h11.Data):
        content += event.data
    assert isinstance(event, h11.EndOfMessage), event
    return content, connection.trailing_data[0]


@settings(max_examples=600)
@given(nearly(REQUESTS), st.integers(1, 200))
def test_what_is_a_request_is_one_for_h11(data: bytes, step: int) -> None:
    ours = parsed(RequestParser(), data, step)
    note("refused" if ours is None else "accepted")
    if ours is None:
        return
    message, unused = ours
    assert isinstance(message, Request)
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    if "Host" not in message.fields:
        # That is for the server to say; here it is a websocket error of its own.
        return
    event = connection.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (message.method.encode(), message.target.encode())
    assert list(event.headers) == h11_lines(message)
    assert h11_rest(connection) == (message.body, unused)


@settings(max_examples=600)
@given(nearly(RESPONSES), st.integers(1, 200))
def test_what_is_a_response_is_one_for_h11(data: bytes, step: int) -> None:
    ours = parsed(ResponseParser(), data, step)
    note("refused" if ours is None else "accepted")
    if ours is None:
        return
    message, unused = ours
    assert isinstance(message, Response)
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    event = connection.next_event()
    assert isinstance(event, (h11.Response, h11.InformationalResponse))
    assert (event.status_code, event.reason) == (message.status, message.reason.encode("latin-1"))
    assert list(event.headers) == h11_lines(message)
    if isinstance(event, h11.Response):
        assert h11_rest(connection) == (message.body, unused)
    else:
        # An interim response is a message without content; h11 goes on to the final one.
        assert message.body == b""
