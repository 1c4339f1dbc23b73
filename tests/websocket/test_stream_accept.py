"""`Stream.accept`: RFC 6455 section 4.2, and Beast's cases A1 to A37 (its table of `accept`).

Left out are the cases that only an asynchronous call can have: A31, A35, A36, A38 and A39.
"""

from collections.abc import Callable
from functools import partial

import pytest

from beastly.core import Buffers, Role, TimedOut
from beastly.http import Error as HttpErrorCode
from beastly.http import Limits
from beastly.websocket import (
    ConnectionClosed,
    Error,
    HandshakeFailed,
    Stream,
    Timeout,
    request_type,
    response_type,
)
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.opening import (
    SERVER,
    SWITCHED,
    Calls,
    expect_ended,
    expect_no_frames,
    waiting_server,
)
from tests.support.pairs import tcp_pair
from tests.support.peer import Peer, peer
from tests.support.wire import CLIENT_CLOSE_1000, GOOD_REQUEST, HELLO_MASKED, KEY

NO_KEY = GOOD_REQUEST.replace(f"Sec-WebSocket-Key: {KEY}\r\n".encode(), b"")
NO_KEY_REFUSED = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 73\r\n" + SERVER + b"\r\n"
    b"the request must have a Sec-WebSocket-Key field (RFC 6455 section 4.2.1)\n"
)


def _request() -> request_type:
    """`GOOD_REQUEST`, as another parser would hand it over."""
    fields = [
        ("Host", "localhost"),
        ("Upgrade", "websocket"),
        ("Connection", "upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13"),
    ]
    return request_type("GET", "/", fields=fields)


def _expect_open(stream: Stream[MemoryLayer], sent: bytes = SWITCHED) -> None:
    """Fail unless the stream has become an open server and has sent just that."""
    assert stream.next_layer.sent == sent
    assert stream.is_open
    assert stream.role is Role.SERVER


@pytest.fixture(params=[False, True], ids=["plain", "decorated"])
def decorated(request: pytest.FixtureRequest) -> bool:
    """Whether a case is shown with a decorator; every second case of Beast's is."""
    return bool(request.param)


def _accept_decorated(
    stream: Stream[MemoryLayer], decorated: bool, accept: Callable[[], object]
) -> None:
    """Call `accept`; with a decorator, fail unless it was called once."""
    calls = Calls()
    if decorated:
        stream.set_option(calls.option)
    try:
        accept()
    finally:
        assert (calls.requests, calls.responses) == (0, int(decorated))


class TestMatrix:
    """Cases A1 to A10: where the request comes from."""

    def test_a1_a2_from_the_wire(self, decorated: bool) -> None:
        stream, _ = waiting_server(GOOD_REQUEST, chunk=20)
        _accept_decorated(stream, decorated, stream.accept)
        _expect_open(stream)

    def test_a3_a4_read_already(self, decorated: bool) -> None:
        stream, _ = waiting_server()
        _accept_decorated(stream, decorated, lambda: stream.accept(GOOD_REQUEST))
        _expect_open(stream)
        assert stream.next_layer.receives == 0

    def test_a5_a6_read_in_part(self, decorated: bool) -> None:
        split = GOOD_REQUEST.index(b"Connection:")
        stream, _ = waiting_server(GOOD_REQUEST[split:], chunk=16)
        _accept_decorated(stream, decorated, lambda: stream.accept(GOOD_REQUEST[:split]))
        _expect_open(stream)

    def test_a7_a8_parsed_already(self, decorated: bool) -> None:
        stream, _ = waiting_server()
        request = _request()
        _accept_decorated(stream, decorated, lambda: stream.accept(request))
        _expect_open(stream)
        assert stream.next_layer.receives == 0
        assert stream.request is request

    def test_a9_a_close_frame_lies_behind(self) -> None:
        stream, far = waiting_server(CLIENT_CLOSE_1000, ended=True)
        stream.accept(_request())
        _expect_open(stream)
        with pytest.raises(ConnectionClosed) as raised:
            stream.read_some(bytearray(), 1)
        assert raised.value.clean
        assert Peer(far).read_to_end() == SWITCHED + b"\x88\x02\x03\xe8"

    def test_a10_no_key(self) -> None:
        stream, _ = waiting_server(NO_KEY, chunk=20)
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        assert raised.value.code is Error.NO_SEC_KEY
        assert stream.next_layer.sent == NO_KEY_REFUSED


def _with_field(size: int) -> bytes:
    return GOOD_REQUEST[:-2] + b"X1: " + b"*" * size + b"\r\n\r\n"


class TestOversized:
    """Cases A11 to A16. Beast has room for 1,536 bytes; here each limit has its size and code."""

    def test_what_beast_has_no_room_for(self, decorated: bool) -> None:
        """A11 to A16 as they stand are accepted, wherever the bytes come from."""
        request = _with_field(2000)
        for split in (0, request.index(b"Connection:"), len(request)):
            stream, _ = waiting_server(request[split:])
            _accept_decorated(stream, decorated, partial(stream.accept, request[:split]))
            _expect_open(stream)

    @pytest.mark.parametrize(
        ("request_", "code", "status"),
        [
            pytest.param(
                _with_field(32 * 1024 + 1 - 4),
                HttpErrorCode.FIELD_LINE_LIMIT,
                b"431 Request Header Fields Too Large",
                id="A11 to A16: a field line of 32 KiB + 1",
            ),
            pytest.param(
                b"GET /" + b"a" * 16 * 1024 + b" HTTP/1.1\r\n" + GOOD_REQUEST,
                HttpErrorCode.START_LINE_LIMIT,
                b"414 ",
                id="a request line of over 16 KiB",
            ),
            pytest.param(
                GOOD_REQUEST[:-2] + b"X: 1\r\n" * 124 + b"\r\n",
                HttpErrorCode.FIELD_COUNT_LIMIT,
                b"431 Request Header Fields Too Large",
                id="129 fields",
            ),
            pytest.param(
                GOOD_REQUEST[:-2] + (b"X: " + b"1" * 16379 + b"\r\n") * 4 + b"\r\n",
                HttpErrorCode.HEADER_LIMIT,
                b"431 Request Header Fields Too Large",
                id="a head of over 64 KiB",
            ),
            pytest.param(
                GOOD_REQUEST[:-2] + b"Content-Length: 1048577\r\n\r\n",
                HttpErrorCode.BODY_LIMIT,
                b"413 ",
                id="content of 1 MiB + 1",
            ),
        ],
    )
    def test_over_a_limit(
        self, request_: bytes, code: HttpErrorCode, status: bytes, decorated: bool
    ) -> None:
        for split in (0, 100, len(request_)):
            stream, far = waiting_server(request_[split:], ended=True)
            with pytest.raises(HandshakeFailed) as raised:
                _accept_decorated(stream, decorated, partial(stream.accept, request_[:split]))
            assert raised.value.code is code
            assert not raised.value.keep_alive
            assert stream.next_layer.sent.startswith(b"HTTP/1.1 " + status)
            assert b"\r\nConnection: close\r\n" in stream.next_layer.sent
            Peer(far).read_to_end()
            expect_ended(stream)

    @pytest.mark.parametrize(
        "request_",
        [
            pytest.param(_with_field(32 * 1024 - 4), id="a field line of 32 KiB"),
            pytest.param(
                GOOD_REQUEST.replace(b"GET /", b"GET /" + b"a" * (16 * 1024 - 14)),
                id="a request line of 16 KiB",
            ),
            pytest.param(GOOD_REQUEST[:-2] + b"X: 1\r\n" * 123 + b"\r\n", id="128 fields"),
        ],
    )
    def test_at_a_limit(self, request_: bytes) -> None:
        stream, _ = waiting_server(request_)
        stream.accept()
        _expect_open(stream)

    def test_limits_can_be_set(self) -> None:
        stream, _ = waiting_server(_with_field(100), ended=True)
        stream.set_option(Limits(field_line=99))
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        assert raised.value.code is HttpErrorCode.FIELD_LINE_LIMIT
        assert raised.value.detail == "the limit leaves 99 bytes"


BASE = (
    b"GET / HTTP/1.1\r\n"
    b"Host: localhost:80\r\n"
    b"Upgrade: WebSocket\r\n"
    b"Connection: keep-alive,upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"\r\n"
)
LIST = b"Connection: keep-alive,upgrade\r\n"
BARE = b"Connection: upgrade\r\n"
UPGRADE = b"Upgrade: WebSocket\r\n"
LONG_KEY = b"dGhlIHNhbXBsZSBub25jZQdGhlIHNhbXBsZSBub25jZQ=="


class TestInvalid:
    """Cases A17 to A29: each request cut in two, and the peer has ended."""

    @pytest.mark.parametrize("cut", ["1", "half", "all but 1"])
    @pytest.mark.parametrize(
        ("request_", "code", "status"),
        [
            pytest.param(
                BASE.replace(b"HTTP/1.1", b"HTTP/1.0"), Error.BAD_HTTP_VERSION, b"400", id="A17"
            ),
            pytest.param(BASE.replace(b"GET", b"POST"), Error.BAD_METHOD, b"400", id="A18"),
            pytest.param(
                BASE.replace(b"Host: localhost:80\r\n", b""), Error.NO_HOST, b"400", id="A19"
            ),
            pytest.param(BASE.replace(LIST, b""), Error.NO_CONNECTION, b"400", id="A20"),
            pytest.param(
                BASE.replace(LIST, b"Connection: keep-alive\r\n"),
                Error.NO_CONNECTION_UPGRADE,
                b"400",
                id="A21",
            ),
            pytest.param(
                BASE.replace(LIST, BARE).replace(UPGRADE, b""), Error.NO_UPGRADE, b"400", id="A22"
            ),
            pytest.param(
                BASE.replace(LIST, BARE).replace(UPGRADE, b"Upgrade: HTTP/2\r\n"),
                Error.NO_UPGRADE_WEBSOCKET,
                b"400",
                id="A23",
            ),
            pytest.param(
                BASE.replace(f"Sec-WebSocket-Key: {KEY}\r\n".encode(), b""),
                Error.NO_SEC_KEY,
                b"400",
                id="A24",
            ),
            pytest.param(
                BASE.replace(LIST, BARE).replace(KEY.encode(), LONG_KEY),
                Error.BAD_SEC_KEY,
                b"400",
                id="A25",
            ),
            pytest.param(
                BASE.replace(b"Sec-WebSocket-Version: 13\r\n", b""),
                Error.NO_SEC_VERSION,
                b"400",
                id="A26",
            ),
            pytest.param(
                BASE.replace(b"Version: 13", b"Version: 1"), Error.BAD_SEC_VERSION, b"426", id="A27"
            ),
            pytest.param(
                BASE.replace(LIST, BARE).replace(b"Version: 13", b"Version: 12"),
                Error.BAD_SEC_VERSION,
                b"426",
                id="A28",
            ),
            # Here Beast lets the Host be, and takes the first; whatever came twice is refused.
            pytest.param(
                BASE.replace(b"Host: ", b"Host: a\r\nHost: "),
                HttpErrorCode.MULTIPLE_HOST,
                b"400",
                id="two hosts",
            ),
            pytest.param(
                BASE[:-2] + b"Content-Length: 5\r\n\r\nHello",
                Error.UNEXPECTED_CONTENT,
                b"400",
                id="content",
            ),
            pytest.param(
                BASE[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                Error.UNEXPECTED_CONTENT,
                b"400",
                id="chunked content, empty",
            ),
        ],
    )
    def test_refused(
        self, request_: bytes, code: Error | HttpErrorCode, status: bytes, cut: str
    ) -> None:
        split = {"1": 1, "half": len(request_) // 2, "all but 1": len(request_) - 1}[cut]
        stream, _ = waiting_server(request_[split:], ended=True)
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept(request_[:split])
        assert raised.value.code is code
        sent = stream.next_layer.sent
        assert sent.startswith(b"HTTP/1.1 " + status + b" ")
        assert sent.endswith(f"\r\n\r\n{raised.value}\n".encode())
        expect_no_frames(stream)
        if raised.value.keep_alive:
            # No next request comes, since the peer has ended.
            with pytest.raises(ConnectionClosed):
                stream.accept()
            assert stream.next_layer.sent == sent
        expect_ended(stream)

    @pytest.mark.parametrize("cut", [1, len(BASE) // 2, len(BASE) - 1])
    def test_a29_valid(self, cut: int) -> None:
        request = BASE.replace(LIST, BARE)
        stream, _ = waiting_server(request[cut:], ended=True)
        stream.accept(request[:cut])
        _expect_open(stream)


class TestEnd:
    """Case A30 and more: the peer ends too early."""

    @pytest.mark.parametrize("already_read", [b"", (), bytearray()])
    def test_a30_before_the_first_byte(self, already_read: Buffers) -> None:
        stream, far = waiting_server(ended=True)
        with pytest.raises(ConnectionClosed) as raised:
            stream.accept(already_read)
        assert raised.value.code is Error.CLOSED
        assert (raised.value.reason, raised.value.clean) == (None, False)
        assert stream.next_layer.sent == b""
        expect_ended(stream)

    @pytest.mark.parametrize("size", range(1, len(GOOD_REQUEST)))
    def test_in_the_middle(self, size: int) -> None:
        stream, _ = waiting_server(GOOD_REQUEST[:size], ended=True)
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        assert raised.value.code is HttpErrorCode.PARTIAL_MESSAGE
        assert not raised.value.keep_alive
        assert stream.next_layer.sent.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        expect_ended(stream)

    def test_a_reset(self) -> None:
        stream, far = waiting_server(GOOD_REQUEST[:50])
        far.reset()
        with pytest.raises(ConnectionResetError):
            stream.accept()
        expect_ended(stream)


class TestTime:
    """Cases A32 to A34, and what a timeout leaves behind."""

    @pytest.mark.parametrize("timeout", [None, 20.0], ids=["A32", "A33"])
    def test_a32_a33_over_tcp(self, timeout: float | None) -> None:
        with tcp_pair() as (client, server):
            client.sendall(GOOD_REQUEST)
            with Stream(server) as stream:
                stream.accept(timeout=timeout)
                assert client.recv(1000) == SWITCHED
                client.close()

    def test_a34_a_silent_client(self) -> None:
        stream, _ = waiting_server()
        stream.set_option(Timeout(0.05))
        with pytest.raises(TimedOut):
            stream.accept()
        assert stream.next_layer.sent == b""

    @pytest.mark.parametrize("size", range(len(GOOD_REQUEST)))
    def test_going_on_after_a_timeout(self, size: int) -> None:
        """Nothing is lost: the next call begins where this one ended."""
        stream, far = waiting_server(GOOD_REQUEST[:size])
        for _ in range(2):
            with pytest.raises(TimedOut) as raised:
                stream.accept(timeout=0)
            assert raised.value.unsent == 0
            assert stream.next_layer.sent == b""
            expect_no_frames(stream)
        far.send(GOOD_REQUEST[size:] + HELLO_MASKED, None)
        stream.accept()
        _expect_open(stream)
        assert stream.read() == "Hello"

    def test_going_on_with_bytes_that_were_read(self) -> None:
        stream, _ = waiting_server(GOOD_REQUEST[:50])
        with pytest.raises(TimedOut):
            stream.accept(timeout=0)
        stream.accept([GOOD_REQUEST[50:70], GOOD_REQUEST[70:]])
        _expect_open(stream)

    def test_while_sending(self) -> None:
        """Half an answer is the end."""
        near, far = connected_pair(capacity=len(GOOD_REQUEST))
        far.send(GOOD_REQUEST, None)
        near.capacity = 20
        stream = Stream(near)
        with pytest.raises(TimedOut):
            stream.accept(timeout=0)
        assert near.sent == SWITCHED[:20]
        assert stream.response is None
        expect_ended(stream)

    def test_a_slow_reader(self) -> None:
        """The answer goes out in as many pieces as the peer takes."""
        near, far = connected_pair(capacity=7)
        stream = Stream(near)
        with peer(far, lambda end: end.expect(SWITCHED)):
            stream.accept(GOOD_REQUEST)
        assert near.sends[0] == SWITCHED[:7]

    def test_the_answer_is_one_write(self) -> None:
        stream, _ = waiting_server(GOOD_REQUEST)
        stream.accept()
        assert stream.next_layer.sends == [SWITCHED]

    @pytest.mark.parametrize("timeout", [-1.0, float("nan")])
    def test_no_timeouts(self, timeout: float) -> None:
        stream, _ = waiting_server(GOOD_REQUEST)
        with pytest.raises(ValueError, match="a timeout is a number of seconds"):
            stream.accept(timeout=timeout)
        stream.accept()
        _expect_open(stream)


class TestArguments:
    """The forms of the call; the type checkers see them in tests/typing."""

    @pytest.mark.parametrize(
        "convert",
        [
            bytes,
            bytearray,
            memoryview,
            lambda data: [data],
            lambda data: [data[:1], b"", bytearray(data[1:50]), memoryview(data)[50:]],
            lambda data: (data[:50], data[50:]),
            lambda data: (data[index : index + 1] for index in range(len(data))),
        ],
        ids=["bytes", "bytearray", "memoryview", "one", "several", "tuple", "generator"],
    )
    def test_buffers(self, convert: Callable[[bytes], Buffers]) -> None:
        stream, _ = waiting_server()
        stream.accept(convert(GOOD_REQUEST + HELLO_MASKED))
        _expect_open(stream)
        assert stream.read() == "Hello"
        stream, _ = waiting_server()
        stream.accept(_request(), convert(HELLO_MASKED))
        _expect_open(stream)
        assert stream.read() == "Hello"

    def test_a_view_may_be_reused(self) -> None:
        """The bytes are copied, as in Beast."""
        stream, _ = waiting_server()
        block = bytearray(GOOD_REQUEST + HELLO_MASKED)
        stream.accept(block)
        block[:] = bytes(len(block))
        assert stream.read() == "Hello"

    def test_the_response_comes_first(self) -> None:
        """As in Beast, and with each of the other forms."""
        forms: list[tuple[bytes, Callable[[Stream[MemoryLayer], response_type], None]]] = [
            (GOOD_REQUEST, lambda stream, response: stream.accept(response)),
            (GOOD_REQUEST[50:], lambda stream, out: stream.accept(out, GOOD_REQUEST[:50])),
            (b"", lambda stream, response: stream.accept(response, _request())),
            (b"", lambda stream, response: stream.accept(response, _request(), HELLO_MASKED)),
        ]
        for wire, accept in forms:
            stream, _ = waiting_server(wire)
            response = response_type()
            accept(stream, response)
            _expect_open(stream)
            assert response == stream.response

    @pytest.mark.parametrize(
        "arguments",
        [
            (b"", _request()),
            (_request(), _request()),
            (_request(), response_type()),
            (b"", response_type()),
            (response_type(), response_type()),
            (_request(), b"", b""),
            ("GET / HTTP/1.1",),
            (["GET / HTTP/1.1"],),
            (5,),
            (None,),
        ],
        ids=lambda arguments: " ".join(type(each).__name__ for each in arguments),
    )
    def test_what_it_does_not_take(self, arguments: tuple[object, ...]) -> None:
        stream, _ = waiting_server(GOOD_REQUEST)
        accept: Callable[..., None] = stream.accept
        with pytest.raises(TypeError):
            accept(*arguments)
        stream.accept()
        _expect_open(stream)
