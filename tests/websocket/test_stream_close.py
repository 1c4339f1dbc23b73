"""Closing: RFC 6455 sections 5.5.1 and 7, Beast's cases C1 to C11 and C19, Beast 6.6 and 6.7.

The other cases of 5.3 are two pending operations in Beast and two threads here:
`test_stream_threads.py`.
"""

import math
import socket
from collections.abc import Callable

import pytest

from beastly.websocket import (
    BeastlyError,
    CloseCode,
    CloseReason,
    ConnectionClosed,
    Error,
    MessageTooBig,
    OperationAborted,
    ProtocolViolation,
    Role,
    Stream,
    TimedOut,
    Timeout,
)
from tests.support.memory_layer import connected_pair
from tests.support.open_stream import Frame, Opened, open_client, open_server, opened
from tests.support.pairs import TlsContexts, socket_pair, tcp_pair, tls_pair
from tests.support.peer import Peer, peer
from tests.support.threads import Background, run
from tests.support.wire import CLIENT_CLOSE_1000, SERVER_CLOSE_1000

NORMAL: Frame = (0x88, b"\x03\xe8")


def _answered(role: Role, *frames: Frame) -> Opened:
    """An open stream whose peer has sent `frames` and a close frame, and ended its half."""
    stream = opened(role)
    stream.send(*frames, NORMAL)
    stream.end()
    return stream


@pytest.mark.parametrize("role", Role)
class TestClose:
    @pytest.mark.parametrize(
        ("reason", "payload"),
        [
            pytest.param(None, b"\x03\xe8", id="C1"),
            pytest.param(CloseCode.GOING_AWAY, b"\x03\xe9", id="C2"),
            pytest.param(CloseReason(1001, "grüezi"), b"\x03\xe9gr\xc3\xbcezi", id="C3"),
            pytest.param(CloseReason(), b"", id="no code"),
            pytest.param(4999, b"\x13\x87", id="a private code"),
            pytest.param(CloseReason(1000, "r" * 123), b"\x03\xe8" + b"r" * 123, id="the longest"),
        ],
    )
    def test_sends_what_it_is_told(
        self, role: Role, reason: CloseReason | int | None, payload: bytes
    ) -> None:
        stream = _answered(role)
        if reason is None:
            stream.ws.close()
        else:
            stream.ws.close(reason)
        assert stream.sent() == [(0x88, payload)]
        assert not stream.ws.is_open
        assert stream.ws.reason == CloseReason(1000)
        assert stream.near.ended
        assert stream.near.closed

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 65536, -1])
    def test_refuses_a_code_that_may_not_be_sent(self, role: Role, code: int) -> None:
        """Section 7.4, and defect 11 of Beast: it sent what it was told."""
        stream = _answered(role)
        with pytest.raises(ValueError, match=f"not {code}"):
            stream.ws.close(code)
        assert stream.sent() == []
        assert stream.ws.is_open

    def test_is_idempotent(self, role: Role) -> None:
        """C4: Beast's second close is `aborted`."""
        stream = _answered(role)
        stream.ws.close()
        stream.ws.close(4000)
        stream.ws.close()
        assert stream.sent() == [NORMAL]
        with pytest.raises(OperationAborted):
            stream.ws.read()

    @pytest.mark.parametrize(
        "frames",
        [
            pytest.param([(0x81, b"*")], id="C5"),
            pytest.param([(0x81, b"*" * 4097)], id="C6"),
            pytest.param([(0x89, b"*")], id="C7"),
            pytest.param([(0x01, b"*")], id="an unfinished message"),
            pytest.param([(0x82, bytes(1_000_000))] * 3, id="large messages"),
        ],
    )
    def test_drops_what_came_before_the_answer(self, role: Role, frames: list[Frame]) -> None:
        stream = _answered(role, *frames)
        stream.ws.close()
        assert stream.sent() == [NORMAL]
        assert stream.near.closed

    def test_drops_the_rest_of_a_message(self, role: Role) -> None:
        """C11."""
        stream = _answered(role, (0x81, b"**"))
        assert stream.ws.read_some(bytearray(), 1) == 1
        stream.ws.close()
        assert stream.sent() == [NORMAL]

    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            pytest.param((0x88, b"*"), Error.BAD_CLOSE_SIZE, id="C9"),
            pytest.param((0x88, b"\x03\xed"), Error.BAD_CLOSE_CODE, id="a bad code"),
            pytest.param((0x83, b""), Error.BAD_OPCODE, id="a bad frame"),
            pytest.param((0x81, b"\xff"), Error.BAD_FRAME_PAYLOAD, id="a bad text"),
        ],
    )
    def test_a_fault_instead_of_the_answer(self, role: Role, frame: Frame, code: Error) -> None:
        """No second close frame is sent."""
        stream = _answered(role, frame)
        with pytest.raises(ProtocolViolation) as caught:
            stream.ws.close()
        assert caught.value.code is code
        assert stream.sent() == [NORMAL]
        assert stream.near.closed
        stream.ws.close()

    def test_what_is_dropped_counts_against_the_limits(self, role: Role) -> None:
        """Beast 6.6."""
        stream = _answered(role, (0x82, b"large"))
        stream.ws.read_message_max = 4
        with pytest.raises(MessageTooBig):
            stream.ws.close()
        assert stream.sent() == [NORMAL]

    def test_a_peer_that_never_answers(self, role: Role) -> None:
        """C14, M3."""
        stream = opened(role)
        with pytest.raises(TimedOut):
            stream.ws.close(timeout=0)
        assert stream.sent() == [NORMAL]
        assert stream.near.closed
        with pytest.raises(OperationAborted, match="did not end in time"):
            stream.ws.read()
        stream.ws.close()

    def test_the_option_bounds_it(self, role: Role) -> None:
        stream = opened(role)
        stream.ws.set_option(Timeout(handshake_timeout=0))
        with pytest.raises(TimedOut):
            stream.ws.close()

    def test_a_peer_that_takes_no_close_frame(self, role: Role) -> None:
        stream = opened(role, capacity=1)
        with pytest.raises(TimedOut):
            stream.ws.close(timeout=0)
        assert len(stream.near.sent) == 1
        assert stream.near.closed

    def test_a_peer_that_goes_on_sending(self, role: Role) -> None:
        """What is dropped is bounded: 16 MiB."""
        stream = opened(role)
        frame = stream.encode((0x82, bytes(1_000_000)))
        for _ in range(17):
            stream.far.send(frame, None)
        with pytest.raises(ConnectionClosed, match="instead of a close frame") as caught:
            stream.ws.close()
        assert not caught.value.clean
        assert stream.near.closed

    def test_a_peer_that_pings_for_ever(self, role: Role) -> None:
        """Control frames count too, and do not prolong it."""
        stream = opened(role, chunk=16)
        stream.far.send(stream.encode((0x89, bytes(125))) * 100, None)
        with pytest.raises(TimedOut):
            stream.ws.close(timeout=0)
        assert stream.near.unread > 0
        assert stream.sent() == [NORMAL]

    def test_a_peer_that_ends_without_an_answer(self, role: Role) -> None:
        stream = opened(role)
        stream.end()
        with pytest.raises(ConnectionClosed) as caught:
            stream.ws.close()
        assert not caught.value.clean
        assert caught.value.reason is None
        assert stream.near.closed
        stream.ws.close()

    def test_a_peer_that_was_reset(self, role: Role) -> None:
        stream = opened(role)
        stream.far.reset()
        with pytest.raises(ConnectionResetError):
            stream.ws.close()
        assert stream.near.closed

    def test_a_peer_that_closed_and_is_gone(self, role: Role) -> None:
        """Its last bytes are looked at: this is a closing from both sides."""
        stream = opened(role)
        stream.send((0x82, b"last words"), (0x88, b"\x03\xe9"))
        stream.far.close()
        stream.ws.close()
        assert stream.ws.reason == CloseReason(1001)
        assert stream.near.closed

    def test_a_pending_tail_that_cannot_go_out(self, role: Role) -> None:
        stream = opened(role, capacity=3)
        with pytest.raises(TimedOut):
            stream.ws.write(b"Hello", timeout=0)
        stream.send((0x88, b"\x03\xe9"))
        stream.far.close()
        stream.ws.close()
        assert not stream.ws.is_open
        assert stream.near.closed

    def test_of_a_stream_that_was_never_open(self, role: Role) -> None:
        near, _ = connected_pair()
        ws = Stream(near)
        ws.close()
        assert near.sends == []
        assert near.closed
        with pytest.raises(OperationAborted, match="closed before it was open"):
            ws.handshake("localhost", "/")
        ws.close()

    def test_after_the_peer_has_closed(self, role: Role) -> None:
        """C19."""
        stream = opened(role)
        stream.send((0x88, b""))
        stream.end()
        with pytest.raises(ConnectionClosed):
            stream.ws.read()
        stream.ws.close()
        assert stream.sent() == [NORMAL]

    def test_without_a_bound(self, role: Role) -> None:
        stream = _answered(role)
        stream.ws.close(timeout=math.inf)
        assert stream.near.closed


class TestAnswer:
    """Which bytes of the peer are a good answer."""

    def test_to_a_server(self) -> None:
        """C10."""
        stream = opened(Role.SERVER)
        stream.far.send(CLIENT_CLOSE_1000, None)
        stream.end()
        stream.ws.close()
        assert stream.ws.reason == CloseReason(1000)
        assert stream.near.sent == SERVER_CLOSE_1000

    def test_a_masked_frame_to_a_client(self) -> None:
        """C8."""
        stream = opened(Role.CLIENT)
        stream.far.send(b"\x81\x81\xff\xff\xff\xff*", None)
        stream.end()
        with pytest.raises(ProtocolViolation) as caught:
            stream.ws.close()
        assert caught.value.code is Error.BAD_MASKED_FRAME


@pytest.mark.parametrize("role", Role)
class TestReplyingToAClose:
    """The peer closes first: the reply goes out inside the read."""

    def test_what_follows_the_close_frame_is_ignored(self, role: Role) -> None:
        """Autobahn 7.1: an unfinished message too."""
        stream = opened(role)
        stream.send((0x01, b"unfinished"), NORMAL, NORMAL, (0x89, b""), (0x83, b""), (0x80, b"end"))
        stream.end()
        with pytest.raises(ConnectionClosed) as caught:
            stream.ws.read()
        assert caught.value.clean
        assert stream.sent() == [NORMAL]
        assert stream.near.unread == 0

    def test_the_tail_of_a_message_goes_out_first(self, role: Role) -> None:
        stream = opened(role, capacity=4)
        with pytest.raises(TimedOut):
            stream.ws.write(b"Hello", timeout=0)
        stream.near.capacity = None
        stream.send(NORMAL)
        stream.end()
        with pytest.raises(ConnectionClosed) as caught:
            stream.ws.read()
        assert caught.value.clean
        assert stream.sent() == [(0x82, b"Hello"), NORMAL]

    def test_a_peer_that_takes_no_reply(self, role: Role) -> None:
        """R1.5: the reply has a deadline too."""
        stream = opened(role, capacity=0)
        stream.ws.set_option(Timeout(handshake_timeout=0))
        stream.send((0x88, b"\x03\xe9"))
        with pytest.raises(ConnectionClosed) as caught:
            stream.ws.read()
        assert not caught.value.clean
        assert caught.value.reason == CloseReason(1001)
        assert stream.near.closed

    def test_a_peer_that_never_ends(self, role: Role) -> None:
        """The wait for the end of the transport is bounded by the shorter deadline."""
        for timeout, option in ((0.0, 30.0), (None, 0.0), (0.0, None)):
            stream = opened(role)
            stream.ws.set_option(Timeout(handshake_timeout=option))
            stream.send(NORMAL)
            with pytest.raises(ConnectionClosed) as caught:
                stream.ws.read(timeout=timeout)
            assert caught.value.clean
            assert stream.near.closed


class _Oops(Exception):
    """What leaves a `with` block here."""


def _break_a_rule(stream: Opened) -> None:
    stream.far.send(b"\x83\x00", None)
    stream.end()


class TestWith:
    @pytest.mark.parametrize("role", Role)
    def test_it_closes(self, role: Role) -> None:
        stream = _answered(role)
        with stream.ws as ws:
            assert ws is stream.ws
        assert stream.sent() == [NORMAL]
        assert stream.near.closed

    @pytest.mark.parametrize("role", Role)
    def test_an_exception_fails_it(self, role: Role) -> None:
        """With close code 1011; the exception is the caller's own."""
        stream = opened(role)
        stream.end()
        with pytest.raises(_Oops), stream.ws:
            raise _Oops
        assert stream.sent() == [(0x88, b"\x03\xf3")]
        assert stream.near.closed
        with pytest.raises(OperationAborted, match="left by _Oops"):
            stream.ws.read()

    def test_an_exception_is_not_replaced(self) -> None:
        """Whatever the peer does: it is gone, takes nothing, or never ends."""
        spoils: list[Callable[[Opened], object]] = [
            lambda stream: stream.far.reset(),
            lambda stream: stream.far.close(),
            lambda stream: stream.ws.abort(),
            lambda stream: setattr(stream.near, "capacity", 0),
            lambda stream: None,
        ]
        for spoil in spoils:
            stream = opened()
            stream.ws.set_option(Timeout(handshake_timeout=0))
            with pytest.raises(_Oops), stream.ws:
                spoil(stream)
                raise _Oops
            assert stream.near.closed

    def test_an_end_that_was_told_is_not_told_again(self) -> None:
        stream = opened()
        stream.end()
        with pytest.raises(ConnectionClosed), stream.ws:
            stream.ws.read()
        assert stream.sent() == []

    def test_a_peer_that_does_not_answer_is_no_news(self) -> None:
        spoils: list[Callable[[Opened], object]] = [
            lambda stream: stream.ws.set_option(Timeout(handshake_timeout=0)),
            lambda stream: stream.end(),
            lambda stream: stream.far.reset(),
            _break_a_rule,
        ]
        for spoil in spoils:
            stream = opened()
            spoil(stream)
            with stream.ws:
                pass
            assert stream.near.closed

    @pytest.mark.parametrize("error", [None, _Oops])
    def test_of_a_stream_that_was_never_open(self, error: type[_Oops] | None) -> None:
        near, _ = connected_pair()
        try:
            with Stream(near):
                if error is not None:
                    raise error
        except _Oops:
            pass
        assert near.closed
        assert near.sends == []


class TestAbort:
    @pytest.mark.parametrize("role", Role)
    def test_it_ends_everything_at_once(self, role: Role) -> None:
        stream = opened(role)
        stream.send((0x81, b"unread"))
        stream.ws.abort()
        stream.ws.abort()
        stream.ws.close()
        assert stream.sent() == []
        assert stream.near.closed
        assert not stream.ws.is_open
        calls: list[Callable[[], object]] = [
            stream.ws.read,
            lambda: stream.ws.read_some(bytearray()),
            lambda: stream.ws.write("x"),
            stream.ws.ping,
        ]
        for call in calls:
            with pytest.raises(OperationAborted, match="it was aborted"):
                call()

    def test_before_and_after(self) -> None:
        near, _ = connected_pair()
        ws = Stream(near)
        ws.abort()
        assert near.closed
        with pytest.raises(OperationAborted, match="it was aborted"):
            ws.handshake("localhost", "/")
        stream = _answered(Role.CLIENT)
        stream.ws.close()
        stream.ws.abort()
        with pytest.raises(OperationAborted, match="1000"):
            stream.ws.read()


class TestTransport:
    """How the connection below ends (Beast 6.7)."""

    def test_the_server_ends_first(self) -> None:
        with tcp_pair() as (client, server):

            def script(far: Peer) -> None:
                far.read_until(b"\r\n\r\n")
                far.expect(SERVER_CLOSE_1000)
                # Sent before the answer, and more than one receive: no reset may come of it.
                far.send(b"\x82\xff\0\0\0\0\0\2\0\0" + bytes(4 + 0x20000) + CLIENT_CLOSE_1000)
                far.expect_end()
                far.close()

            with peer(client, script):
                ws = open_server(Stream(server))
                ws.close(timeout=10)
                assert server.fileno() == -1

    def test_the_client_waits_for_the_server_s_end(self) -> None:
        with tcp_pair() as (client, server):

            def script(far: Peer) -> None:
                far.read_until(b"\r\n\r\n")
                assert len(far.receive()) == 8
                far.send(SERVER_CLOSE_1000)
                far.shutdown()
                far.expect_end()

            with peer(server, script):
                ws = open_client(Stream(client), server.sendall)
                ws.close(timeout=10)
                assert client.fileno() == -1

    def test_a_reset_after_the_close_frames_is_the_end(self) -> None:
        """As a server that does not linger ends it."""
        stream = opened(Role.CLIENT)
        closing = Background(stream.ws.close)
        stream.far.send(SERVER_CLOSE_1000, None)
        # Only for the end of the bytes: the frame has been taken.
        stream.near.wait_for_receiver()
        stream.far.reset()
        closing.result()
        assert stream.ws.reason == CloseReason(1000)
        assert stream.near.closed

    @pytest.mark.parametrize("closer", Role)
    def test_over_every_transport(self, closer: Role, tls_contexts: TlsContexts) -> None:
        for pair in (socket_pair, tcp_pair, lambda: tls_pair(tls_contexts)):
            with pair() as (client, server):
                first, second = _handshaken(client, server)
                if closer is Role.SERVER:
                    first, second = second, first

                def follow(ws: Stream[socket.socket] = second) -> ConnectionClosed:
                    with pytest.raises(ConnectionClosed) as caught:
                        ws.read(timeout=10)
                    return caught.value

                def lead(ws: Stream[socket.socket] = first) -> None:
                    ws.close(CloseReason(1001, "bye"), timeout=10)

                ended, _ = run(follow, lead)
                assert ended.clean
                assert ended.reason == CloseReason(1001, "bye")
                assert first.reason == CloseReason(1001)
                assert client.fileno() == server.fileno() == -1

    def test_a_tls_end_without_close_notify_is_unclean(self, tls_contexts: TlsContexts) -> None:
        """Somebody between may have cut the connection."""
        with tls_pair(tls_contexts) as (client, server):
            ws = open_client(Stream(client), server.sendall)
            # Not the TLS socket's own shutdown: that one would not end TCP.
            socket.socket.shutdown(server, socket.SHUT_WR)
            with pytest.raises(ConnectionClosed) as caught:
                ws.read(timeout=10)
            assert not caught.value.clean


def _handshaken(
    client: socket.socket, server: socket.socket
) -> tuple[Stream[socket.socket], Stream[socket.socket]]:
    first, second = Stream(client), Stream(server)
    run(lambda: first.handshake("localhost", "/", timeout=10), lambda: second.accept(timeout=10))
    return first, second


@pytest.mark.parametrize("kind", [BeastlyError, Exception])
def test_the_end_of_a_connection_is_an_ordinary_error(kind: type[Exception]) -> None:
    assert issubclass(ConnectionClosed, kind)
    assert not issubclass(ConnectionClosed, OSError)
