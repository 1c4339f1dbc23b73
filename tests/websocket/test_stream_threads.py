"""One stream in several threads: what Beast's tables do with two pending operations.

C12 to C24, P7 to P15, M3 to M5, and the interleavings of Beast's `testSuspend`, which its own test
run leaves out (defect 16). No test sleeps: `wait_for_receiver` and `wait_for_sender` return once a
thread is blocked where it should be.
"""

import socket
import ssl
from collections.abc import Callable
from functools import partial

import pytest

from beastly.core import Deadline, ForwardingLayer
from beastly.websocket import (
    Busy,
    CloseReason,
    ConnectionClosed,
    Error,
    FrameType,
    OperationAborted,
    ProtocolViolation,
    Role,
    Stream,
    TimedOut,
)
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.open_stream import Frame, Opened, frames_of, open_client, open_server, opened
from tests.support.pairs import TlsContexts, socket_pair, tls_pair
from tests.support.threads import Background, run

NORMAL: Frame = (0x88, b"\x03\xe8")


def _blocked_read(stream: Opened) -> "Background[str | bytes]":
    reading = Background(stream.ws.read)
    stream.near.wait_for_receiver()
    return reading


def _blocked_write(stream: Opened, data: bytes) -> "Background[None]":
    """A write of `data` that waits for room; what goes out then comes behind what is there."""
    stream.near.capacity = 1
    writing = Background(lambda: stream.ws.write(data))
    stream.near.wait_for_sender()
    return writing


def _make_room(stream: Opened) -> None:
    """Let everything out that waits."""
    stream.near.capacity = None
    stream.far.receive(1, None)


@pytest.mark.parametrize("role", Role)
class TestReaders:
    def test_a_second_reader_is_refused_at_once(self, role: Role) -> None:
        stream = opened(role)
        reading = _blocked_read(stream)
        calls: list[Callable[[], object]] = [
            stream.ws.read,
            lambda: stream.ws.read_some(bytearray()),
            stream.ws.read_text,
        ]
        for call in calls:
            with pytest.raises(Busy):
                call()
        stream.send((0x81, b"x"))
        assert reading.result() == "x"
        assert stream.sent() == []

    def test_a_reader_and_a_writer(self, role: Role) -> None:
        stream = opened(role)
        reading = _blocked_read(stream)
        stream.ws.write("w")
        stream.ws.ping(b"p")
        assert stream.sent() == [(0x81, b"w"), (0x89, b"p")]
        stream.send((0x81, b"x"))
        assert reading.result() == "x"


@pytest.mark.parametrize("role", Role)
class TestWriters:
    def test_messages_do_not_interleave(self, role: Role) -> None:
        """P7: what comes while a message is being sent waits for its end."""
        stream = opened(role)
        first = _blocked_write(stream, b"a" * 70_000)
        others = [
            Background(lambda: stream.ws.write("b")),
            Background(lambda: stream.ws.ping(b"c")),
        ]
        assert all(other.is_running() for other in others)
        _make_room(stream)
        first.result()
        for other in others:
            other.result()
        message, *rest = stream.sent()
        assert message == (0x82, b"a" * 70_000)
        assert sorted(rest) == [(0x81, b"b"), (0x89, b"c")]

    def test_waiting_for_another_writer_has_a_deadline(self, role: Role) -> None:
        stream = opened(role)
        writing = _blocked_write(stream, b"a")
        calls: list[Callable[[], object]] = [
            lambda: stream.ws.write(b"b", timeout=0.001),
            lambda: stream.ws.write_some(False, b"b", timeout=0.001),
            lambda: stream.ws.ping(timeout=0.001),
        ]
        for call in calls:
            with pytest.raises(TimedOut, match="another thread is still sending") as caught:
                call()
            assert caught.value.unsent == 0
        _make_room(stream)
        writing.result()
        assert stream.sent() == [(0x82, b"a")]

    def test_a_pong_does_not_wait_for_a_writer(self, role: Role) -> None:
        """The reader goes on; the writer sends the pong behind its message (C17, C21, P9)."""
        stream = opened(role)
        writing = _blocked_write(stream, b"a" * 70_000)
        stream.send((0x89, b"p"), (0x81, b"x"))
        assert stream.ws.read() == "x"
        _make_room(stream)
        writing.result()
        assert stream.sent() == [(0x82, b"a" * 70_000), (0x8A, b"p")]

    def test_a_pong_goes_between_the_fragments(self, role: Role) -> None:
        """Section 5.4."""
        stream = opened(role)
        stream.ws.auto_fragment = True
        stream.ws.write_buffer_bytes = 40_000
        writing = _blocked_write(stream, b"a" * 70_000)
        stream.send((0x89, b"p"), (0x81, b"x"))
        assert stream.ws.read() == "x"
        _make_room(stream)
        writing.result()
        assert stream.sent() == [
            (0x02, b"a" * 40_000),
            (0x8A, b"p"),
            (0x80, b"a" * 30_000),
        ]


@pytest.mark.parametrize("role", Role)
class TestClosing:
    def test_wakes_a_blocked_reader(self, role: Role) -> None:
        """C22, M5: the close succeeds, the read is aborted."""
        stream = opened(role)
        reading = _blocked_read(stream)
        closing = Background(stream.ws.close)
        stream.far.receive(100, None)
        stream.send((0x81, b"dropped"), (0x89, b"dropped"), NORMAL)
        stream.end()
        closing.result()
        with pytest.raises(OperationAborted, match="1000"):
            reading.result()
        assert stream.sent() == [NORMAL]
        assert stream.near.closed
        assert stream.ws.reason == CloseReason(1000)

    def test_a_message_that_came_before_is_read(self, role: Role) -> None:
        """C23: the reader gets it, or the close drops it; never both, never half."""
        stream = opened(role)
        reading = _blocked_read(stream)
        stream.send((0x81, b"x"))
        assert reading.result() == "x"
        closing = Background(stream.ws.close)
        stream.send(NORMAL)
        stream.end()
        closing.result()

    def test_refuses_what_comes_after_it(self, role: Role) -> None:
        """C22, P8, P13."""
        stream = opened(role)
        closing = Background(stream.ws.close)
        stream.near.wait_for_receiver()
        calls: list[Callable[[], object]] = [
            stream.ws.read,
            lambda: stream.ws.write("x"),
            stream.ws.ping,
            stream.ws.pong,
        ]
        for call in calls:
            with pytest.raises(OperationAborted, match="sent a close frame"):
                call()
        stream.send(NORMAL)
        stream.end()
        closing.result()
        assert stream.sent() == [NORMAL]

    def test_waits_for_a_writer(self, role: Role) -> None:
        """C16, C20, C24: the message first, then the close frame."""
        stream = opened(role)
        writing = _blocked_write(stream, b"a" * 70_000)
        closing = Background(stream.ws.close)
        stream.send(NORMAL)
        stream.end()
        _make_room(stream)
        writing.result()
        closing.result()
        sent = stream.sent()
        assert sent == [(0x82, b"a" * 70_000), NORMAL]

    def test_from_two_threads_sends_one_frame(self, role: Role) -> None:
        stream = opened(role)
        closings = [Background(stream.ws.close), Background(lambda: stream.ws.close(4000))]
        stream.near.wait_for_receiver()
        stream.send(NORMAL)
        stream.end()
        for closing in closings:
            closing.result()
        sent = stream.sent()
        assert sent in ([NORMAL], [(0x88, b"\x0f\xa0")])

    def test_while_the_reader_answers_a_close(self, role: Role) -> None:
        """C19, C20, P15: there is one close frame, the reader's reply."""
        stream = opened(role)
        closings: list[Background[None]] = []

        def callback(kind: FrameType, payload: bytes) -> None:
            closings.append(Background(lambda: stream.ws.close(4000)))

        stream.ws.control_callback = callback
        stream.send((0x88, b"\x03\xe9"))
        stream.end()
        with pytest.raises(ConnectionClosed) as caught:
            stream.ws.read()
        assert caught.value.clean
        closings[0].result()
        assert stream.sent() == [(0x88, b"\x03\xe9")]

    def test_while_the_reader_fails(self, role: Role) -> None:
        """C18, P10: the peer is told of the fault."""
        stream = opened(role)
        reading = _blocked_read(stream)
        stream.send((0x09, b""))
        stream.near.wait_for_receiver()
        closing = Background(stream.ws.close)
        stream.end()
        with pytest.raises(ProtocolViolation) as caught:
            reading.result()
        assert caught.value.code is Error.BAD_CONTROL_FRAGMENT
        closing.result()
        assert stream.sent() == [(0x88, b"\x03\xea")]

    def test_that_times_out_wakes_the_reader(self, role: Role) -> None:
        """M4."""
        stream = opened(role)
        reading = _blocked_read(stream)
        with pytest.raises(TimedOut):
            stream.ws.close(timeout=0.001)
        with pytest.raises(OperationAborted, match="did not end in time"):
            reading.result()
        assert stream.near.closed

    def test_that_has_no_bound_waits_for_the_reader(self, role: Role) -> None:
        stream = opened(role)
        reading = _blocked_read(stream)
        closing = Background(lambda: stream.ws.close(timeout=float("inf")))
        stream.far.receive(100, None)
        stream.send(NORMAL)
        stream.end()
        closing.result()
        with pytest.raises(OperationAborted):
            reading.result()

    def test_after_a_reader_that_timed_out(self, role: Role) -> None:
        """The closing thread takes over."""
        stream = opened(role)
        reading = Background(lambda: stream.ws.read(timeout=0.3))
        stream.near.wait_for_receiver()
        closing = Background(stream.ws.close)
        with pytest.raises(TimedOut):
            reading.result()
        stream.send(NORMAL)
        stream.end()
        closing.result()
        assert stream.ws.reason == CloseReason(1000)

    def test_iteration_ends(self, role: Role) -> None:
        stream = opened(role)
        listing = Background(lambda: list(stream.ws))
        stream.send((0x81, b"a"))
        stream.near.wait_for_receiver()
        closing = Background(stream.ws.close)
        stream.far.receive(100, None)
        stream.send(NORMAL)
        stream.end()
        closing.result()
        assert listing.result() == ["a"]

    def test_leaving_a_block_by_an_exception(self, role: Role) -> None:
        """The reader in the other thread is woken."""
        stream = opened(role)
        reading = _blocked_read(stream)
        with pytest.raises(ZeroDivisionError), stream.ws:
            raise ZeroDivisionError
        with pytest.raises(OperationAborted, match="left by ZeroDivisionError"):
            reading.result()
        assert stream.sent() == [(0x88, b"\x03\xf3")]
        assert stream.near.closed


@pytest.mark.parametrize("role", Role)
class TestAbort:
    def test_wakes_every_thread(self, role: Role) -> None:
        stream = opened(role)
        writing = _blocked_write(stream, b"a" * 70_000)
        reading = _blocked_read(stream)
        others = [
            Background(lambda: stream.ws.write("b")),
            Background(stream.ws.ping),
            Background(lambda: stream.ws.write_some(True, b"c")),
        ]
        closing = Background(stream.ws.close)
        stream.ws.abort()
        for blocked in (writing, closing, *others):
            with pytest.raises(OperationAborted, match="it was aborted"):
                blocked.result()
        with pytest.raises(OperationAborted, match="it was aborted"):
            reading.result()
        assert stream.near.closed

    def test_wakes_a_closing_thread(self, role: Role) -> None:
        stream = opened(role)
        closing = Background(stream.ws.close)
        stream.near.wait_for_receiver()
        stream.ws.abort()
        with pytest.raises(OperationAborted, match="it was aborted"):
            closing.result()
        assert stream.near.closed

    def test_wakes_a_thread_that_waits_for_the_end(self, role: Role) -> None:
        """Both close frames are exchanged, only the transport still stands."""
        stream = opened(role)
        stream.send(NORMAL)
        reading = Background(stream.ws.read)
        stream.near.wait_for_receiver()
        stream.ws.abort()
        with pytest.raises(ConnectionClosed) as caught:
            reading.result()
        assert caught.value.clean
        assert stream.near.closed


class TestBothEnds:
    """Two streams against each other."""

    @pytest.mark.parametrize("tls", [False, True])
    def test_both_close_at_once(self, tls: bool, tls_contexts: TlsContexts) -> None:
        """C12, C13."""
        for _ in range(20):
            with tls_pair(tls_contexts) if tls else socket_pair() as (client, server):
                first, second = _handshaken(client, server)
                run(partial(first.close, 1001, timeout=10), partial(second.close, 4000, timeout=10))
                assert first.reason is not None
                assert second.reason is not None
                assert {first.reason.code, second.reason.code} <= {1000, 1001, 4000}
                assert client.fileno() == server.fileno() == -1

    @pytest.mark.parametrize("tls", [False, True])
    def test_abort_wakes_a_reader_and_a_writer(self, tls: bool, tls_contexts: TlsContexts) -> None:
        with tls_pair(tls_contexts) if tls else socket_pair() as (client, server):
            ws = _handshaken(client, server)[0]
            reading = Background(ws.read)

            def fill() -> None:
                while True:
                    ws.write(bytes(1_000_000))

            writing = Background(fill)
            # The peer does not read: once there is no room left, both are blocked.
            with pytest.raises(TimedOut):
                while True:
                    ws.ping(timeout=0.2)
            ws.abort()
            for blocked in (reading, writing):
                with pytest.raises(OperationAborted):
                    blocked.result()
            assert client.fileno() == -1

    def test_a_ping_is_answered_while_the_peer_writes(self) -> None:
        """C15, M1: what the peer's reader posts, its writer sends."""
        near, far = connected_pair()
        client = Stream(near)
        server = Stream(far)
        run(lambda: client.handshake("localhost", "/"), lambda: server.accept())
        seen: list[bytes] = []
        client.control_callback = lambda kind, payload: seen.append(payload)
        serving = Background(lambda: list(server))
        client.ping(b"1")
        client.write("x")
        far.wait_for_receiver()
        with pytest.raises(TimedOut):
            client.read(timeout=0)
        client.close()
        assert seen == [b"1"]
        assert serving.result() == ["x"]


def _handshaken(
    client: socket.socket | ssl.SSLSocket, server: socket.socket | ssl.SSLSocket
) -> tuple[Stream[socket.socket], Stream[socket.socket]]:
    first: Stream[socket.socket] = Stream(client)
    second: Stream[socket.socket] = Stream(server)
    run(lambda: first.handshake("localhost", "/", timeout=10), lambda: second.accept(timeout=10))
    return first, second


def test_the_descriptor_is_closed_after_the_last_thread_has_left() -> None:
    """A number that is closed under a thread may be given to another connection."""
    with socket_pair() as (near, far):
        ws = open_server(Stream(near))
        reading = Background(ws.read)
        writing = Background(lambda: ws.write(bytes(100_000_000)))
        with pytest.raises(TimedOut):
            while True:
                ws.ping(timeout=0.2)
        ws.abort()
        for blocked in (reading, writing):
            with pytest.raises(OperationAborted):
                blocked.result()
        assert near.fileno() == -1
    with socket_pair() as (near, far):
        idle = open_client(Stream(near), far.sendall)
        idle.abort()
        assert near.fileno() == -1


class _EndingLayer(ForwardingLayer):
    """A layer that calls `end` each time that bytes have come, before it hands them over."""

    end: Callable[[], object]

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        received = super().receive(size, deadline)
        self.end()
        return received


def _ending_at_receive() -> tuple[Stream[_EndingLayer], MemoryLayer, MemoryLayer]:
    """An open client over an `_EndingLayer` that does nothing yet, and both ends of the pair."""
    near, far = connected_pair()
    layer = _EndingLayer(near)
    layer.end = lambda: None
    ws = open_client(Stream(layer), lambda data: far.send(data, None))
    far.receive(65536, None)
    near.sends.clear()
    return ws, near, far


@pytest.mark.parametrize("first", [0x81, 0x89, 0x8A, 0x88, 0x83])
@pytest.mark.parametrize(
    "read",
    [
        lambda ws: ws.read(),
        lambda ws: ws.read_some(bytearray()),
        lambda ws: ws.read(bytearray()),
    ],
)
class TestAnEndThatComesWithTheBytes:
    """Another thread ends the stream when the bytes are taken, and not looked at yet."""

    def test_an_abort(self, first: int, read: Callable[[Stream[_EndingLayer]], object]) -> None:
        ws, near, far = _ending_at_receive()
        ws.next_layer.end = ws.abort
        far.send(bytes([first, 0]), None)
        with pytest.raises((OperationAborted, ProtocolViolation)) as caught:
            read(ws)
        assert isinstance(caught.value, ProtocolViolation) == (first == 0x83)
        assert near.sends == []
        assert near.closed
        assert ws.reason is None

    def test_a_close(self, first: int, read: Callable[[Stream[_EndingLayer]], object]) -> None:
        ws, near, far = _ending_at_receive()
        closings: list[Background[None]] = []

        def close() -> None:
            ws.next_layer.end = lambda: None
            closings.append(Background(ws.close))
            # Its close frame has been sent.
            far.receive(100, None)

        ws.next_layer.end = close
        far.send(bytes([first, 0]) + b"\x88\x02\x03\xe8", None)
        far.shutdown(None)
        with pytest.raises((OperationAborted, ProtocolViolation)) as caught:
            read(ws)
        assert isinstance(caught.value, ProtocolViolation) == (first == 0x83)
        closings[0].result()
        assert frames_of(near.sent, masked=True) == [NORMAL]
        assert near.closed
