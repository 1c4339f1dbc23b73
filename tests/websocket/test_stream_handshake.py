"""`Stream.handshake`: RFC 6455 section 4.1, and Beast's cases H1 to H54 (its table of `handshake`).

Left out are the cases that only an asynchronous call can have: H46 to H50, H52, H55 and H56. H5 and
H15 to H45 are about compression.
"""

import contextlib
import re
from collections.abc import Callable
from functools import partial

import pytest

from beastly import __version__
from beastly.core import Layer, OperationAborted, Role, TimedOut
from beastly.http import Error as HttpErrorCode
from beastly.websocket import (
    Decorator,
    Error,
    HandshakeFailed,
    Stream,
    Timeout,
    request_type,
    response_type,
)
from tests.support.fail_count import fail_loop
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.opening import (
    SERVER,
    Calls,
    accept_value,
    expect_ended,
    expect_no_frames,
    fitting,
    respond,
)
from tests.support.pairs import TlsContexts, tcp_pair, tls_pair
from tests.support.peer import Peer, peer
from tests.support.threads import run
from tests.support.wire import GOOD_RESPONSE, HELLO_UNMASKED

UNAUTHORIZED = (
    b"HTTP/1.1 401 Unauthorized\r\n"
    b'WWW-Authenticate: Basic realm="chat"\r\n'
    b"Content-Length: 12\r\n"
    b"\r\n"
    b"who are you?"
)
CREDENTIALS = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def _client(chunk: int | None = None) -> tuple[Stream[MemoryLayer], MemoryLayer]:
    """A stream, and the layer of the server that it will speak to."""
    near, far = connected_pair(chunk)
    return Stream(near), far


def _client_of(wire: bytes, chunk: int | None = None) -> Stream[MemoryLayer]:
    """A stream whose server says `wire` whatever it is asked, and ends."""
    stream, far = _client(chunk)
    if wire:
        far.send(wire, None)
    far.shutdown(None)
    return stream


def _expect_open(stream: Stream[MemoryLayer]) -> None:
    assert stream.is_open
    assert stream.role is Role.CLIENT


class TestSuccess:
    """Cases H1 to H4, H6 and H51."""

    @pytest.mark.parametrize("with_response", [False, True])
    @pytest.mark.parametrize("decorated", [False, True])
    def test_h1_to_h4(self, with_response: bool, decorated: bool) -> None:
        """H1 plain, H2 with a response, H3 with a decorator, H4 with both; H6 is H1 here."""
        calls = Calls()
        stream, far = _client()
        if decorated:
            stream.set_option(calls.option)
        with peer(far, respond):
            if with_response:
                stream.handshake(response := response_type(), "localhost", "/")
                assert response == stream.response
            else:
                stream.handshake("localhost", "/")
        _expect_open(stream)
        assert (calls.requests, calls.responses) == (int(decorated), 0)

    def test_h1_to_h4_with_faults(self) -> None:
        """The transport fails at its first operation, its second, and so on."""

        def serve(end: Peer) -> None:
            with contextlib.suppress(BrokenPipeError):
                if request := end.receive():
                    end.send(fitting(GOOD_RESPONSE, request))

        def scenario(wrap: Callable[[Layer], Layer]) -> None:
            near, far = connected_pair()
            near.chunk = 20
            stream = Stream(wrap(near))
            response = response_type()
            with peer(far, serve):
                try:
                    stream.handshake(response, "localhost", "/")
                except ConnectionResetError:
                    assert response.status == 500
                    assert near.closed
                    assert not stream.is_open
                    with pytest.raises(OperationAborted, match="came after the end: "):
                        stream.handshake("localhost", "/")
                    raise
            assert response.status == 101

        receives = -(-len(GOOD_RESPONSE) // 20)
        assert fail_loop(scenario) == 1 + receives

    def test_h51_a_large_response(self) -> None:
        """Beast's buffer once overflowed at 1,536 bytes."""
        lines = b"X-Long: " + b"x" * 2000 + b"\r\n" + b"X-More: more or less\r\n" * 100
        for chunk in (None, 1, 1000):
            stream, far = _client(chunk)
            with peer(far, partial(respond, response=GOOD_RESPONSE[:-2] + lines + b"\r\n")):
                stream.handshake("localhost", "/")
            _expect_open(stream)

    def test_the_request_is_one_write(self) -> None:
        stream, far = _client()
        with peer(far, respond):
            stream.handshake("www.example.com:8080", "/chat?room=1")
        (request,) = stream.next_layer.sends
        assert re.fullmatch(
            rb"GET /chat\?room=1 HTTP/1\.1\r\n"
            rb"Host: www\.example\.com:8080\r\n"
            rb"Upgrade: websocket\r\n"
            rb"Connection: Upgrade\r\n"
            rb"Sec-WebSocket-Key: [A-Za-z0-9+/]{22}==\r\n"
            rb"Sec-WebSocket-Version: 13\r\n"
            rb"User-Agent: beastly/" + re.escape(__version__.encode()) + rb"\r\n"
            rb"\r\n",
            request,
        )
        assert stream.request is not None
        assert stream.request.encode() == request

    def test_a_server_that_takes_its_time(self) -> None:
        """The request goes out in as many pieces as the peer takes."""
        near, far = connected_pair(capacity=7)
        stream = Stream(near)
        with peer(far, respond):
            stream.handshake("localhost", "/")
        assert len(near.sends) > 20
        _expect_open(stream)

    def test_what_is_known_then(self) -> None:
        def offer(request: request_type) -> None:
            request.fields["Sec-WebSocket-Protocol"] = "soap, wamp"

        stream, far = _client()
        stream.set_option(Decorator(request=offer))
        assert (stream.request, stream.response, stream.subprotocol) == (None, None, None)
        chosen = GOOD_RESPONSE[:-2] + b"Sec-WebSocket-Protocol: wamp\r\n\r\n"
        with peer(far, partial(respond, response=chosen)):
            stream.handshake("localhost", "/")
        assert stream.subprotocol == "wamp"
        assert stream.request is not None
        assert stream.request.fields["Sec-WebSocket-Protocol"] == "soap, wamp"
        assert stream.response is not None
        assert stream.response.encode() == fitting(chosen, stream.next_layer.sent)

    @pytest.mark.parametrize("timeout", [None, 20.0])
    def test_both_roles_over_tcp(self, timeout: float | None) -> None:
        with tcp_pair() as (near, far), Stream(near) as client, Stream(far) as server:
            run(
                lambda: client.handshake("localhost", "/", timeout=timeout),
                lambda: server.accept(timeout=timeout),
            )
            client.write("Hello")
            assert server.read() == "Hello"
            run(client.close, lambda: list(server))

    def test_both_roles_over_tls(self, tls_contexts: TlsContexts) -> None:
        with tls_pair(tls_contexts) as (near, far), Stream(near) as client, Stream(far) as server:
            run(lambda: client.handshake("localhost", "/"), server.accept)
            server.write("Hello")
            assert client.read() == "Hello"
            run(server.close, lambda: list(client))


class TestEarlyBytes:
    """What arrives together with the response are the first frames."""

    @pytest.mark.parametrize("size", range(0, len(GOOD_RESPONSE), 10))
    def test_cut_anywhere(self, size: int) -> None:
        def serve(end: Peer) -> None:
            data = fitting(GOOD_RESPONSE + HELLO_UNMASKED, end.read_until(b"\r\n\r\n"))
            end.send(data[:size] or data)
            end.send(data[size:] if size else HELLO_UNMASKED)

        stream, far = _client()
        with peer(far, serve):
            stream.handshake("localhost", "/")
            assert stream.read() == "Hello"

    def test_many_frames(self) -> None:
        """Beast keeps 1,536 bytes of them behind a long response."""
        stream, far = _client()
        with peer(far, partial(respond, response=GOOD_RESPONSE + HELLO_UNMASKED * 10_000)):
            stream.handshake("localhost", "/")
            assert [stream.read() for _ in range(10_000)] == ["Hello"] * 10_000


# What the server says in H7 to H13, where the accept value never fits; the fault comes before that.
H7 = (
    b"HTTP/1.0 101 Switching Protocols\r\n"
    b"Server: beast\r\n"
    b"Upgrade: WebSocket\r\n"
    b"Connection: upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"\r\n"
)
H = H7.replace(b"HTTP/1.0", b"HTTP/1.1")
ACCEPT_LINE = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"


class TestRefused:
    """Cases H7 to H14, and the points where this client is stricter than Beast's."""

    @pytest.mark.parametrize("chunk", [None, 1], ids=["whole", "byte by byte"])
    @pytest.mark.parametrize(
        ("wire", "code"),
        [
            pytest.param(H7, Error.BAD_HTTP_VERSION, id="H7"),
            pytest.param(H.replace(b"Connection: upgrade\r\n", b""), Error.NO_CONNECTION, id="H8"),
            pytest.param(
                H.replace(b"Connection: upgrade", b"Connection: keep-alive"),
                Error.NO_CONNECTION_UPGRADE,
                id="H9",
            ),
            pytest.param(H.replace(b"Upgrade: WebSocket\r\n", b""), Error.NO_UPGRADE, id="H10"),
            pytest.param(
                H.replace(b"Upgrade: WebSocket", b"Upgrade: HTTP/2"),
                Error.NO_UPGRADE_WEBSOCKET,
                id="H11",
            ),
            pytest.param(H.replace(ACCEPT_LINE, b""), Error.NO_SEC_ACCEPT, id="H12"),
            pytest.param(
                H.replace(ACCEPT_LINE, b"Sec-WebSocket-Accept: *\r\n"),
                Error.BAD_SEC_ACCEPT,
                id="H13",
            ),
            pytest.param(
                H.replace(b"101 Switching Protocols", b"200 OK"), Error.UPGRADE_DECLINED, id="H14"
            ),
            pytest.param(H, Error.BAD_SEC_ACCEPT, id="of another key"),
            pytest.param(H + HELLO_UNMASKED, Error.BAD_SEC_ACCEPT, id="with trailing data"),
        ],
    )
    def test_h7_to_h14(self, wire: bytes, code: Error, chunk: int | None) -> None:
        stream = _client_of(wire, chunk)
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake("localhost:80", "/")
        failure = raised.value
        assert (failure.code, failure.keep_alive) == (code, False)
        assert failure.request is stream.request is not None
        assert failure.response is stream.response is not None
        assert len(stream.next_layer.sends) == 1
        expect_ended(stream)

    @pytest.mark.parametrize(
        ("lines", "code"),
        [
            (b"Sec-WebSocket-Extensions: permessage-deflate\r\n", Error.BAD_EXTENSION),
            (b"Sec-WebSocket-Extensions: a, b, a\r\n", Error.MULTIPLE_EXTENSION),
            (b"Sec-WebSocket-Protocol: soap\r\n", Error.BAD_SUBPROTOCOL),
            (
                b"Sec-WebSocket-Protocol: soap\r\nSec-WebSocket-Protocol: soap\r\n",
                Error.MULTIPLE_SUBPROTOCOL,
            ),
            (ACCEPT_LINE, Error.BAD_SEC_ACCEPT),
        ],
        ids=lambda value: value.name if isinstance(value, Error) else "",
    )
    def test_stricter(self, lines: bytes, code: Error) -> None:
        """Beast opens the stream after each of these."""
        stream, far = _client()
        with peer(far, partial(respond, response=GOOD_RESPONSE[:-2] + lines + b"\r\n")):
            with pytest.raises(HandshakeFailed) as raised:
                stream.handshake("localhost", "/")
        assert (raised.value.code, raised.value.keep_alive) == (code, False)
        expect_ended(stream)

    @pytest.mark.parametrize(
        "lines",
        [
            b"Connection: keep-alive\r\nConnection: Upgrade\r\n",
            b"Connection: keep-alive, Upgrade\r\nContent-Length: 5\r\n",
        ],
    )
    def test_more_lenient(self, lines: bytes) -> None:
        """Several lines are one list, where Beast looks at the first; a 101 has no content."""
        stream, far = _client()
        response = GOOD_RESPONSE.replace(b"Connection: Upgrade\r\n", lines)
        with peer(far, partial(respond, response=response + HELLO_UNMASKED)):
            stream.handshake("localhost", "/")
            assert stream.read() == "Hello"


class TestResponse:
    """The response as an argument: cases H53 and H54, and every other end."""

    def _filled(self) -> response_type:
        return response_type(200, reason="Fine", fields={"X-Old": "1"}, body=b"old")

    def test_h53_refused(self) -> None:
        stream = _client_of(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
        response = self._filled()
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake(response, "localhost", "/")
        assert raised.value.code is Error.UPGRADE_DECLINED
        assert raised.value.detail == "it is 401 Unauthorized"
        assert response == response_type(401, reason="Unauthorized")

    def test_h54_no_response(self) -> None:
        stream = _client_of(b"z" * 21)
        response = self._filled()
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake(response, "localhost", "/")
        assert raised.value.code is HttpErrorCode.BAD_VERSION
        assert raised.value.response is None
        assert (response.status, response.body) == (500, b"old")
        expect_ended(stream)

    @pytest.mark.parametrize(
        "wire",
        [
            UNAUTHORIZED,
            UNAUTHORIZED.replace(b"Content-Length: 12\r\n", b"Connection: close\r\n"),
            UNAUTHORIZED.replace(
                b"Content-Length: 12\r\n\r\nwho are you?",
                b"Transfer-Encoding: chunked\r\n\r\n4\r\nwho \r\n8\r\nare you?\r\n0\r\n\r\n",
            ),
        ],
        ids=["counted", "until close", "chunked"],
    )
    def test_the_whole_content(self, wire: bytes) -> None:
        stream = _client_of(wire, chunk=1)
        response = self._filled()
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake(response, "localhost", "/")
        assert response.body == b"who are you?"
        assert response.fields["WWW-Authenticate"] == 'Basic realm="chat"'
        assert "X-Old" not in response.fields
        assert response == stream.response == raised.value.response
        assert response is not stream.response

    def test_a_101_that_breaks_a_rule(self) -> None:
        """It is a valid response all the same."""
        response = self._filled()
        with pytest.raises(HandshakeFailed):
            _client_of(H7).handshake(response, "localhost", "/")
        assert (response.status, response.version, response.fields["Server"]) == (101, 10, "beast")

    @pytest.mark.parametrize("host", ["localhost", "local host"])
    def test_no_answer(self, host: str) -> None:
        stream, _ = _client()
        response = self._filled()
        with pytest.raises((TimedOut, ValueError)):
            stream.handshake(response, host, "/", timeout=0)
        assert (response.status, response.body) == (500, b"old")

    def test_what_was_known_of_the_last_attempt_is_forgotten(self) -> None:
        stream, far = _client()
        far.send(UNAUTHORIZED, None)
        with pytest.raises(HandshakeFailed):
            stream.handshake("localhost", "/")
        assert stream.response is not None
        with pytest.raises(TimedOut):
            stream.handshake("localhost", "/", timeout=0)
        assert stream.response is None


class TestAttempts:
    """RFC 9112 section 9.3: keep-alive decides whether another request may go out."""

    def test_a_challenge_then_credentials(self) -> None:
        """RFC 9110 section 11: 401, and credentials through the decorator."""

        def serve(end: Peer) -> None:
            first = respond(end, UNAUTHORIZED)
            assert b"Authorization" not in first
            second = respond(end)
            assert f"\r\nAuthorization: {CREDENTIALS}\r\n".encode() in second
            assert accept_value(first) != accept_value(second)

        def sign(request: request_type) -> None:
            request.fields["Authorization"] = CREDENTIALS

        stream, far = _client()
        response = response_type()
        with peer(far, serve):
            with pytest.raises(HandshakeFailed) as raised:
                stream.handshake(response, "localhost", "/")
            assert raised.value.keep_alive
            assert response.fields["WWW-Authenticate"] == 'Basic realm="chat"'
            expect_no_frames(stream)
            stream.set_option(Decorator(request=sign))
            stream.handshake(response, "localhost", "/")
        assert response.status == 101
        _expect_open(stream)

    @pytest.mark.parametrize(
        "refusal",
        [
            UNAUTHORIZED,
            UNAUTHORIZED.replace(b"HTTP/1.1", b"HTTP/1.0").replace(
                b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"
            ),
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n" + UNAUTHORIZED,
        ],
        ids=["1.1", "1.0 keep-alive", "no content", "chunked", "interim"],
    )
    def test_the_connection_stands(self, refusal: bytes) -> None:
        def serve(end: Peer) -> None:
            for _ in range(3):
                respond(end, refusal)
            respond(end)

        stream, far = _client()
        with peer(far, serve):
            for _ in range(3):
                with pytest.raises(HandshakeFailed) as raised:
                    stream.handshake("localhost", "/")
                assert raised.value.keep_alive
                expect_no_frames(stream)
            stream.handshake("localhost", "/")
        _expect_open(stream)

    @pytest.mark.parametrize(
        "refusal",
        [
            UNAUTHORIZED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
            UNAUTHORIZED.replace(b"HTTP/1.1", b"HTTP/1.0"),
            # Nobody asked for what follows, so it is no response (RFC 9112 section 6.3).
            UNAUTHORIZED + GOOD_RESPONSE,
            UNAUTHORIZED + b"\r\n",
        ],
        ids=["close", "1.0", "another response behind", "an empty line behind"],
    )
    def test_the_connection_ends(self, refusal: bytes) -> None:
        stream, far = _client()
        far.send(refusal, None)
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake("localhost", "/")
        assert raised.value.code is Error.UPGRADE_DECLINED
        assert not raised.value.keep_alive
        expect_ended(stream)

    def test_the_end_of_the_connection_may_end_the_content(self) -> None:
        stream = _client_of(UNAUTHORIZED.replace(b"Content-Length: 12\r\n", b""))
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake("localhost", "/")
        assert not raised.value.keep_alive
        expect_ended(stream)

    def test_an_open_stream_shakes_no_hands(self) -> None:
        """Beast leaves the open state and sends a second request."""
        stream, far = _client()
        with peer(far, respond):
            stream.handshake("localhost", "/")
        sent = stream.next_layer.sent
        with pytest.raises(OperationAborted, match="handshake needs a connection that is not open"):
            stream.handshake("localhost", "/")
        with pytest.raises(OperationAborted, match="accept needs a connection that is not open"):
            stream.accept()
        assert stream.next_layer.sent == sent
        _expect_open(stream)

    def test_nothing_is_sent_before(self) -> None:
        stream, _ = _client()
        expect_no_frames(stream)
        stream.close()
        assert stream.next_layer.sent == b""
        expect_ended(stream)

    def test_closing_after_a_refusal(self) -> None:
        """Beast sends a close frame, to a server that still speaks HTTP."""
        stream, far = _client()
        far.send(UNAUTHORIZED, None)
        with pytest.raises(HandshakeFailed):
            stream.handshake("localhost", "/")
        stream.close()
        assert len(stream.next_layer.sends) == 1
        expect_ended(stream)


class TestInterim:
    """RFC 9110 section 15.2: a client is ready for any number of 1xx. Beast takes one for final."""

    @pytest.mark.parametrize(
        "interim",
        [
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
            b"HTTP/1.1 199 \r\n\r\n",
            b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n" * 50,
        ],
    )
    @pytest.mark.parametrize("chunk", [None, 1])
    def test_skipped(self, interim: bytes, chunk: int | None) -> None:
        stream, far = _client(chunk)
        response = response_type()
        with peer(far, partial(respond, response=interim + GOOD_RESPONSE + HELLO_UNMASKED)):
            stream.handshake(response, "localhost", "/")
            assert response.status == 101
            assert "Link" not in response.fields
            assert stream.read() == "Hello"

    def test_nothing_behind(self) -> None:
        stream = _client_of(b"HTTP/1.1 100 Continue\r\n\r\n")
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake("localhost", "/")
        assert raised.value.code is HttpErrorCode.END_OF_STREAM
        assert raised.value.response is None
        expect_ended(stream)


class TestArguments:
    """What may not be sent is not, and the stream is as new."""

    @pytest.mark.parametrize(
        ("host", "target"), [("", "/"), ("a\r\nX: y", "/"), ("a", ""), ("a", "/ b"), ("a", "b")]
    )
    def test_host_and_target(self, host: str, target: str) -> None:
        stream, far = _client()
        with pytest.raises(ValueError, match="must"):
            stream.handshake(host, target)
        assert stream.next_layer.sent == b""
        expect_no_frames(stream)
        with peer(far, respond):
            stream.handshake("localhost", "/")
        _expect_open(stream)

    def test_decorated(self) -> None:
        def break_it(request: request_type) -> None:
            del request.fields["Sec-WebSocket-Key"]

        stream, far = _client()
        stream.set_option(Decorator(request=break_it))
        with pytest.raises(ValueError, match="the decorator broke the upgrade request"):
            stream.handshake("localhost", "/")
        assert stream.next_layer.sent == b""
        stream.set_option(Decorator())
        with peer(far, respond):
            stream.handshake("localhost", "/")
        _expect_open(stream)

    @pytest.mark.parametrize(
        "arguments",
        [
            ("localhost", "/", response_type()),
            ("localhost", response_type(), "/"),
            (response_type(), "localhost"),
            (response_type(), response_type(), "/"),
            ("localhost",),
            (b"localhost", "/"),
            ("localhost", b"/"),
            ("localhost", None),
        ],
        ids=lambda arguments: " ".join(type(each).__name__ for each in arguments),
    )
    def test_what_it_does_not_take(self, arguments: tuple[object, ...]) -> None:
        stream, _ = _client()
        handshake: Callable[..., None] = stream.handshake
        with pytest.raises(TypeError):
            handshake(*arguments)
        assert stream.next_layer.sent == b""
        expect_no_frames(stream)


class TestTime:
    """A response that comes too late would be taken for that of the next request."""

    def test_a_silent_server(self) -> None:
        """H49's blocking relative."""
        stream, far = _client()
        stream.set_option(Timeout(0.05))
        with pytest.raises(TimedOut):
            stream.handshake("localhost", "/")
        assert Peer(far).read_to_end() == stream.next_layer.sent
        expect_ended(stream)

    def test_while_sending(self) -> None:
        near, _ = connected_pair(capacity=20)
        stream = Stream(near)
        with pytest.raises(TimedOut):
            stream.handshake("localhost", "/", timeout=0)
        assert near.sent == b"GET / HTTP/1.1\r\nHost"
        expect_ended(stream)

    @pytest.mark.parametrize("wire", [GOOD_RESPONSE[:-1], UNAUTHORIZED[:-1]])
    def test_in_the_middle_of_the_response(self, wire: bytes) -> None:
        stream, far = _client()
        far.send(wire, None)
        with pytest.raises(TimedOut):
            stream.handshake("localhost", "/", timeout=0)
        expect_ended(stream)

    @pytest.mark.parametrize("timeout", [-1.0, float("nan")])
    def test_no_timeouts(self, timeout: float) -> None:
        stream, _ = _client()
        with pytest.raises(ValueError, match="a timeout is a number of seconds"):
            stream.handshake("localhost", "/", timeout=timeout)
        assert stream.next_layer.sent == b""
        expect_no_frames(stream)


def test_both_ends_know_the_same() -> None:
    near, far = connected_pair()
    client, server = Stream(near), Stream(far)
    run(lambda: client.handshake("localhost", "/"), server.accept)
    assert client.request == server.request
    assert client.response is not None
    assert client.response.encode() == far.sent
    assert server.response is not None
    assert server.response.encode() == far.sent
    assert SERVER in far.sent
