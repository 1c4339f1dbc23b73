"""`Stream.accept` around one request: what comes behind it, refusals and the next attempt, the
decorator, the response as an argument, other threads, faults of the transport."""

from collections.abc import Callable

import pytest
from typing_extensions import Buffer

from beastly.core import Busy, Deadline, ForwardingLayer, Layer, OperationAborted
from beastly.http import Error as HttpErrorCode
from beastly.websocket import (
    ConnectionClosed,
    Decorator,
    Error,
    HandshakeFailed,
    Stream,
    choose_subprotocol,
    request_type,
    response_type,
)
from tests.support.fail_count import fail_loop
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.opening import (
    SERVER,
    SWITCHED,
    Calls,
    expect_ended,
    expect_no_frames,
    waiting_server,
)
from tests.support.peer import Peer
from tests.support.threads import Background
from tests.support.wire import GOOD_REQUEST, HELLO_MASKED

OLD = GOOD_REQUEST.replace(b"Version: 13", b"Version: 8")
OLD_REFUSED = (
    b"HTTP/1.1 426 Upgrade Required\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 71\r\n" + SERVER + b"\r\n"
    b"the Sec-WebSocket-Version must be 13; it is '8' (RFC 6455 section 4.4)\n"
)
LAST = OLD.replace(b"Connection: upgrade", b"Connection: upgrade, close")
LAST_REFUSED = OLD_REFUSED.replace(b"Connection: Upgrade", b"Connection: Upgrade, close")
GARBAGE_REFUSED = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 156\r\n" + SERVER + b"Connection: close\r\n\r\n"
    b"a request must begin with a method, which is a token, and one space; it begins with"
    b" b'\\x00garbage', which looks like an HTTP/2 frame (RFC 9112 section 3.1)\n"
)


class TestEarlyBytes:
    """What arrives together with the request are the first frames, or the next request."""

    @pytest.mark.parametrize("size", range(0, len(GOOD_REQUEST + HELLO_MASKED) + 1, 7))
    def test_frames(self, size: int) -> None:
        data = GOOD_REQUEST + HELLO_MASKED
        stream, _ = waiting_server(data[size:])
        stream.accept(data[:size])
        assert stream.read() == "Hello"

    def test_many_frames(self) -> None:
        """More than any buffer of Beast's has room for."""
        stream, _ = waiting_server(HELLO_MASKED)
        stream.accept(GOOD_REQUEST + HELLO_MASKED * 10_000)
        assert [stream.read() for _ in range(10_001)] == ["Hello"] * 10_001

    def test_behind_a_request_that_was_parsed(self) -> None:
        """Beast would lose them."""
        fields = dict(line.split(": ") for line in GOOD_REQUEST.decode().split("\r\n")[1:-2])
        stream, _ = waiting_server(HELLO_MASKED[5:])
        stream.accept(request_type("GET", "/", fields=fields), HELLO_MASKED[:5])
        assert stream.read() == "Hello"

    def test_the_next_request(self) -> None:
        """Beast throws it away."""
        stream, _ = waiting_server()
        with pytest.raises(HandshakeFailed):
            stream.accept(OLD + GOOD_REQUEST[:20])
        stream.accept(GOOD_REQUEST[20:] + HELLO_MASKED)
        assert stream.next_layer.sent == OLD_REFUSED + SWITCHED
        assert stream.read() == "Hello"


class TestAttempts:
    """RFC 9112 section 9.3: keep-alive decides whether another request may come."""

    def test_the_connection_stands(self) -> None:
        stream, _ = waiting_server(OLD + OLD + GOOD_REQUEST)
        for _ in range(2):
            with pytest.raises(HandshakeFailed) as raised:
                stream.accept()
            assert raised.value.code is Error.BAD_SEC_VERSION
            assert raised.value.keep_alive
            expect_no_frames(stream)
        stream.accept()
        assert stream.next_layer.sent == OLD_REFUSED + OLD_REFUSED + SWITCHED
        assert stream.is_open

    def test_the_connection_ends(self) -> None:
        """With a clean shutdown: the answer arrives, and what else the client sends is read."""
        stream, far = waiting_server(LAST + GOOD_REQUEST, ended=True)
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        assert raised.value.code is Error.BAD_SEC_VERSION
        assert not raised.value.keep_alive
        assert Peer(far).read_to_end() == LAST_REFUSED
        assert stream.next_layer.unread == 0
        expect_ended(stream)

    def test_a_client_that_stays_is_left(self) -> None:
        stream, _ = waiting_server(LAST)
        with pytest.raises(HandshakeFailed):
            stream.accept(timeout=0.02)
        assert stream.next_layer.ended
        expect_ended(stream)

    def test_what_cannot_be_read_ends_the_connection(self) -> None:
        stream, far = waiting_server(b"\0garbage" + GOOD_REQUEST, ended=True, chunk=8)
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        assert raised.value.code is HttpErrorCode.BAD_METHOD
        assert Peer(far).read_to_end() == GARBAGE_REFUSED
        assert stream.next_layer.unread == 0
        expect_ended(stream)

    def test_a_client_that_gives_up_between_two_requests(self) -> None:
        stream, _ = waiting_server(OLD, ended=True)
        with pytest.raises(HandshakeFailed):
            stream.accept()
        with pytest.raises(ConnectionClosed):
            stream.accept()
        expect_ended(stream)

    def test_a_challenge_then_credentials(self) -> None:
        """RFC 9110 section 11: 401, and the same client on the same connection."""

        def check(response: response_type) -> None:
            request = stream.request
            assert request is not None
            if request.fields.get("Authorization") != "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==":
                response.status = 401
                response.fields["WWW-Authenticate"] = 'Basic realm="chat"'

        knowing = GOOD_REQUEST[:-2] + b"Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"
        stream, _ = waiting_server(GOOD_REQUEST + knowing)
        stream.set_option(Decorator(response=check))
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        assert raised.value.code is Error.UPGRADE_DECLINED
        assert raised.value.keep_alive
        assert stream.next_layer.sent == (
            b"HTTP/1.1 401 Unauthorized\r\n"
            b'WWW-Authenticate: Basic realm="chat"\r\n'
            b"Content-Length: 0\r\n" + SERVER + b"\r\n"
        )
        stream.accept()
        assert stream.is_open

    def test_what_the_failure_tells(self) -> None:
        stream, _ = waiting_server(OLD)
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        failure = raised.value
        assert failure.request is stream.request
        assert failure.response is stream.response
        assert failure.request is not None
        assert failure.request.fields["Sec-WebSocket-Version"] == "8"
        assert failure.response is not None
        assert failure.response.status == 426

    def test_what_it_tells_of_bytes_that_are_no_request(self) -> None:
        stream, _ = waiting_server(b"\0", ended=True)
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        assert raised.value.request is stream.request is None
        assert raised.value.response is stream.response
        assert raised.value.response is not None
        assert raised.value.response.status == 400

    def test_an_open_stream_accepts_nothing(self) -> None:
        stream, _ = waiting_server(GOOD_REQUEST + GOOD_REQUEST)
        stream.accept()
        attempts: list[Callable[[], None]] = [
            stream.accept,
            lambda: stream.accept(GOOD_REQUEST),
            lambda: stream.handshake("localhost", "/"),
        ]
        for attempt in attempts:
            with pytest.raises(OperationAborted, match="needs a connection that is not open yet"):
                attempt()
        assert stream.next_layer.sent == SWITCHED
        assert stream.is_open

    def test_nothing_before_an_attempt(self) -> None:
        """Nor is anything known then."""
        stream, _ = waiting_server(GOOD_REQUEST)
        expect_no_frames(stream)
        assert (stream.role, stream.request, stream.response) == (None, None, None)
        assert (stream.subprotocol, stream.reason) == (None, None)

    @pytest.mark.parametrize("wire", [b"", OLD], ids=["before", "after a refusal"])
    def test_closing_without_a_handshake(self, wire: bytes) -> None:
        """Beast sends a close frame after a refusal, to a client that still speaks HTTP."""
        stream, _ = waiting_server(wire)
        if wire:
            with pytest.raises(HandshakeFailed):
                stream.accept()
        sent = stream.next_layer.sent
        for _ in range(2):
            stream.close()
        assert stream.next_layer.sent == sent
        expect_ended(stream)


class TestDecorator:
    """The option `Decorator`, as `accept` uses it."""

    def test_each_function_is_called_for_its_message(self) -> None:
        """Beast's case D1."""
        calls = Calls()
        stream, _ = waiting_server(OLD + GOOD_REQUEST)
        stream.set_option(calls.option)
        with pytest.raises(HandshakeFailed):
            stream.accept()
        stream.accept()
        assert (calls.requests, calls.responses) == (0, 2)

    @pytest.mark.parametrize(
        ("supported", "chosen"), [(["wamp", "mqtt"], "wamp"), (["mqtt"], None), ([], None)]
    )
    def test_choosing_a_subprotocol(self, supported: list[str], chosen: str | None) -> None:
        """Section 4.2.2, item 5.5."""

        def choose(response: response_type) -> None:
            assert stream.request is not None
            subprotocol = choose_subprotocol(stream.request, supported)
            if subprotocol is not None:
                response.fields["Sec-WebSocket-Protocol"] = subprotocol

        stream, _ = waiting_server(
            GOOD_REQUEST[:-2] + b"Sec-WebSocket-Protocol: soap, wamp\r\n\r\n"
        )
        stream.set_option(Decorator(response=choose))
        stream.accept()
        assert stream.subprotocol == chosen
        line = f"\r\nSec-WebSocket-Protocol: {chosen}\r\n".encode()
        assert (line in stream.next_layer.sent) == (chosen is not None)

    def test_it_sees_the_request_that_is_answered(self) -> None:
        """Whichever form of the call it came from, and none for what is none."""
        seen: list[str | None] = []

        def look(response: response_type) -> None:
            request = stream.request
            seen.append(None if request is None else request.target)
            response.status = 404

        stream, _ = waiting_server(GOOD_REQUEST.replace(b"GET /", b"GET /wire"))
        stream.set_option(Decorator(response=look))
        parsed = request_type("GET", "/parsed", fields={"Host": "a"})
        forms: list[Callable[[], None]] = [
            stream.accept,
            lambda: stream.accept(GOOD_REQUEST.replace(b"GET /", b"GET /read")),
            lambda: stream.accept(parsed),
            lambda: stream.accept(b"\0", timeout=0.02),
        ]
        for accept in forms:
            with pytest.raises(HandshakeFailed):
                accept()
        assert seen == ["/wire", "/read", "/parsed", None]

    def test_a_changed_body_has_its_length(self) -> None:
        def explain(response: response_type) -> None:
            response.body = b"<p>Come back with a newer browser."
            response.fields["Content-Type"] = "text/html"

        stream, _ = waiting_server(OLD)
        stream.set_option(Decorator(response=explain))
        with pytest.raises(HandshakeFailed):
            stream.accept()
        assert stream.next_layer.sent == (
            b"HTTP/1.1 426 Upgrade Required\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\n"
            b"Content-Type: text/html\r\n"
            b"Content-Length: 34\r\n" + SERVER + b"\r\n"
            b"<p>Come back with a newer browser."
        )

    @pytest.mark.parametrize("wire", [GOOD_REQUEST, OLD], ids=["accepted", "refused"])
    def test_what_may_not_be_sent(self, wire: bytes) -> None:
        """Nothing is, and the request can be answered again."""

        def break_it(response: response_type) -> None:
            response.fields["X-Name"] = "a\r\nY: b"

        stream, _ = waiting_server(wire + HELLO_MASKED)
        stream.set_option(Decorator(response=break_it))
        with pytest.raises(ValueError, match="a field value has no control characters"):
            stream.accept()
        assert stream.next_layer.sent == b""
        assert stream.response is None
        expect_no_frames(stream)
        stream.set_option(Decorator())
        assert stream.request is not None
        if wire is OLD:
            with pytest.raises(HandshakeFailed):
                stream.accept(stream.request)
            assert stream.next_layer.sent == OLD_REFUSED
        else:
            stream.accept(stream.request)
            assert stream.next_layer.sent == SWITCHED
            assert stream.read() == "Hello"

    def test_what_may_not_be_sent_to_who_sends_no_request(self) -> None:
        """Nobody knows where the next request would begin, so there is no other attempt."""

        def break_it(response: response_type) -> None:
            response.status = 100

        stream, _ = waiting_server(b"\0garbage" + GOOD_REQUEST)
        stream.set_option(Decorator(response=break_it))
        with pytest.raises(ValueError, match="a final status"):
            stream.accept()
        assert stream.next_layer.sent == b""
        expect_ended(stream)

    def test_its_own_error(self) -> None:
        def fail(response: response_type) -> None:
            raise LookupError(response.fields["Sec-WebSocket-Accept"])

        stream, _ = waiting_server(GOOD_REQUEST)
        stream.set_option(Decorator(response=fail))
        with pytest.raises(LookupError):
            stream.accept()
        assert stream.next_layer.sent == b""
        expect_no_frames(stream)


class TestResponse:
    """The response as an argument: the status is 500 until it holds what was sent."""

    def _filled(self) -> response_type:
        return response_type(200, reason="Fine", fields={"X-Old": "1"}, body=b"old")

    def test_accepted(self) -> None:
        response = self._filled()
        stream, _ = waiting_server(GOOD_REQUEST)
        stream.accept(response)
        assert response == stream.response
        assert response is not stream.response
        assert (response.status, response.reason, response.body) == (101, "", b"")
        assert "X-Old" not in response.fields
        assert response.fields["Upgrade"] == "websocket"

    def test_refused(self) -> None:
        response = self._filled()
        stream, _ = waiting_server(OLD)
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept(response)
        assert response == stream.response == raised.value.response
        assert response.status == 426
        assert response.encode() == OLD_REFUSED

    def test_no_request(self) -> None:
        response = self._filled()
        stream, _ = waiting_server(b"\0garbage", ended=True)
        with pytest.raises(HandshakeFailed):
            stream.accept(response)
        assert response.encode() == GARBAGE_REFUSED

    def test_nobody_to_answer(self) -> None:
        response = self._filled()
        stream, _ = waiting_server(ended=True)
        with pytest.raises(ConnectionClosed):
            stream.accept(response)
        assert (response.status, response.body) == (500, b"old")

    def test_not_sent(self) -> None:
        response = self._filled()
        near, far = connected_pair()
        far.send(GOOD_REQUEST, None)
        far.close()
        stream = Stream(near)
        with pytest.raises(BrokenPipeError):
            stream.accept(response)
        assert response.status == 500
        assert stream.response is None
        expect_ended(stream)


class EndsAfterSending(ForwardingLayer):
    """A layer whose stream is ended at the moment in which bytes were sent."""

    def __init__(self, layer: Layer) -> None:
        super().__init__(layer)
        self.end: Callable[[], None] = lambda: None

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        sent = super().send(data, deadline)
        self.end()
        return sent


class TestThreads:
    """What other threads may do meanwhile."""

    @pytest.mark.parametrize("end", [Stream.abort, Stream.close], ids=["abort", "close"])
    def test_ending_while_it_reads(self, end: Callable[[Stream[MemoryLayer]], None]) -> None:
        stream, _ = waiting_server(GOOD_REQUEST[:50])
        accepting = Background(stream.accept)
        stream.next_layer.wait_for_receiver()
        end(stream)
        with pytest.raises(OperationAborted, match="accept came after the end: "):
            accepting.result()
        assert stream.next_layer.sent == b""
        expect_ended(stream)

    def test_abort_while_it_sends(self) -> None:
        near, _ = connected_pair(capacity=20)
        stream = Stream(near)
        accepting = Background(lambda: stream.accept(GOOD_REQUEST))
        near.wait_for_sender()
        stream.abort()
        with pytest.raises(OperationAborted, match="it was aborted"):
            accepting.result()
        assert near.sent == SWITCHED[:20]
        expect_ended(stream)

    @pytest.mark.parametrize("end", [Stream.abort, Stream.close], ids=["abort", "close"])
    def test_ending_after_the_answer(self, end: Callable[[Stream[Layer]], None]) -> None:
        """In the moment between the last byte of the answer and the opening of the stream."""

        near, far = connected_pair()
        far.send(GOOD_REQUEST, None)
        layer = EndsAfterSending(near)
        stream: Stream[Layer] = Stream(layer)
        layer.end = lambda: end(stream)
        with pytest.raises(OperationAborted, match="accept came after the end: "):
            stream.accept()
        assert near.sent == SWITCHED
        assert near.closed
        assert not stream.is_open

    def test_a_second_thread_is_busy(self) -> None:
        stream, far = waiting_server()
        accepting = Background(stream.accept)
        stream.next_layer.wait_for_receiver()
        with pytest.raises(Busy):
            stream.accept()
        with pytest.raises(Busy):
            stream.handshake("localhost", "/")
        expect_no_frames(stream)
        far.send(GOOD_REQUEST, None)
        accepting.result()
        assert stream.next_layer.sent == SWITCHED


class TestFaults:
    """The transport fails at its first operation, its second, and so on."""

    def test_accepted(self) -> None:
        """A10's faults, with every other end than success."""
        lengths: set[int] = set()

        def scenario(wrap: Callable[[Layer], Layer]) -> None:
            near, far = connected_pair(chunk=20)
            far.send(GOOD_REQUEST, None)
            stream = Stream(wrap(near))
            try:
                stream.accept()
            except ConnectionResetError:
                lengths.add(len(near.sent))
                assert near.closed
                assert not stream.is_open
                with pytest.raises(OperationAborted, match="came after the end: "):
                    stream.accept()
                raise
            assert near.sent == SWITCHED

        receives = -(-len(GOOD_REQUEST) // 20)
        assert fail_loop(scenario) == receives + 1
        assert lengths == {0}

    def test_refused(self) -> None:
        """Ending the connection after a refusal has no news of its own to tell."""

        def scenario(wrap: Callable[[Layer], Layer]) -> None:
            near, far = connected_pair()
            far.send(LAST, None)
            far.shutdown(None)
            stream = Stream(wrap(near))
            with pytest.raises((HandshakeFailed, ConnectionResetError)) as raised:
                stream.accept()
            assert near.closed
            assert near.sent in (b"", LAST_REFUSED)
            assert isinstance(raised.value, HandshakeFailed) == (near.sent == LAST_REFUSED)

        assert fail_loop(scenario) == 4
