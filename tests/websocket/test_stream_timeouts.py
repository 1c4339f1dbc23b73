"""Time: deadlines of calls, the idle timeout and its pings, and what waits for room meanwhile."""

import math
import socket
import threading

import pytest

from beastly.websocket import (
    ConnectionClosed,
    Error,
    OperationAborted,
    Role,
    Stream,
    TimedOut,
    Timeout,
)
from tests.support.open_stream import Opened, opened
from tests.support.pairs import TlsContexts, socket_pair, tls_pair
from tests.support.threads import Background, run

TEXT, PING, PONG, CLOSE = 0x81, 0x89, 0x8A, 0x88
LARGE = 96 * 1024 * 1024

ROLES = pytest.mark.parametrize("role", Role)


@ROLES
def test_a_timeout_of_zero_takes_what_has_come(role: Role) -> None:
    it = opened(role)
    with pytest.raises(TimedOut):
        it.ws.read(timeout=0)
    it.send((TEXT, b"a"), (TEXT, b"b" * 100_000))
    assert it.ws.read(timeout=0) == "a"
    assert it.ws.read(timeout=0) == "b" * 100_000
    with pytest.raises(TimedOut):
        it.ws.read(timeout=0)


@pytest.mark.parametrize("timeout", [-1, math.nan])
def test_a_timeout_is_a_number_of_seconds(timeout: float) -> None:
    it = opened()
    for call in (it.ws.read, it.ws.ping, it.ws.close):
        with pytest.raises(ValueError, match="a timeout is a number of seconds not below zero"):
            call(timeout=timeout)
    assert it.ws.is_open
    assert it.sent() == []
    it.send((TEXT, b"a"))
    assert it.ws.read(timeout=math.inf) == "a"


class TestIdle:
    """The idle timeout: M1, M2, P5, P6 and P14 of Beast's cases, without an asynchronous timer."""

    @ROLES
    @pytest.mark.parametrize("timeout", [None, 30.0])
    def test_silence_fails_the_connection(self, role: Role, timeout: float | None) -> None:
        it = opened(role)
        it.ws.set_option(Timeout(idle_timeout=0.02))
        with pytest.raises(ConnectionClosed, match="no byte came from the peer for 0.02 s") as gone:
            it.ws.read(timeout=timeout)
        assert gone.value.code is Error.IDLE_TIMEOUT
        assert not gone.value.clean
        assert gone.value.reason is None
        assert it.near.closed
        assert it.sent() == []
        with pytest.raises(OperationAborted, match="no byte came"):
            it.ws.write("late")

    @ROLES
    @pytest.mark.parametrize("timeout", [None, 30.0])
    def test_a_ping_is_sent_at_half_time(self, role: Role, timeout: float | None) -> None:
        it = opened(role)
        it.ws.set_option(Timeout(idle_timeout=0.04, keep_alive_pings=True))
        with pytest.raises(ConnectionClosed, match="a ping 0.02 s ago was not answered"):
            it.ws.read(timeout=timeout)
        assert it.sent() == [(PING, b"")]

    def test_an_answer_is_life(self) -> None:
        it = opened()
        it.ws.set_option(Timeout(idle_timeout=0.4, keep_alive_pings=True))
        pongs: list[bytes] = []
        it.ws.control_callback = lambda kind, payload: pongs.append(payload)
        reading = Background(it.ws.read)
        for _ in range(3):
            # The masked ping of a client without a payload.
            assert it.far.receive(6, None)[:2] == b"\x89\x80"
            it.send((PONG, b""))
        it.send((TEXT, b"still here"))
        assert reading.result() == "still here"
        assert len(pongs) == 3

    def test_any_byte_is_life(self) -> None:
        """Half a frame is: the peer that sends it is there."""
        it = opened()
        it.ws.set_option(Timeout(idle_timeout=0.4, keep_alive_pings=True))
        reading = Background(it.ws.read)
        for byte in b"\x81\x03abc":
            assert it.far.receive(6, None)[:2] == b"\x89\x80"
            it.far.send(bytes([byte]), None)
        assert reading.result() == "abc"

    def test_reads_with_short_timeouts_add_up(self) -> None:
        it = opened()
        it.ws.set_option(Timeout(idle_timeout=0.5))
        timeouts = 0
        with pytest.raises(ConnectionClosed):
            while True:
                try:
                    it.ws.read(timeout=0.1)
                except TimedOut:
                    timeouts += 1
        assert 1 <= timeouts <= 5

    def test_bytes_between_short_timeouts_are_life(self) -> None:
        it = opened()
        it.ws.set_option(Timeout(idle_timeout=1000))
        with pytest.raises(TimedOut):
            it.ws.read(timeout=0.001)
        it.send((TEXT, b"a"))
        assert it.ws.read() == "a"
        it.send((TEXT, b"b"))
        assert it.ws.read() == "b"

    def test_nothing_is_watched_while_nobody_reads(self) -> None:
        """The time between reads is the program's own."""
        it = opened()
        it.ws.set_option(Timeout(idle_timeout=0.05))
        with pytest.raises(TimedOut):
            it.ws.read(timeout=0)
        waited = threading.Event()
        assert not waited.wait(0.1)
        it.send((TEXT, b"a"))
        assert it.ws.read() == "a"

    @pytest.mark.parametrize("idle", [None, math.inf])
    def test_it_can_be_taken_back(self, idle: float | None) -> None:
        it = opened()
        it.ws.set_option(Timeout(idle_timeout=5))
        assert it.near.receive_timeout == 5
        it.ws.set_option(Timeout(idle_timeout=idle))
        assert it.near.receive_timeout is None

    def test_it_can_be_set_before_the_handshake(self) -> None:
        with socket_pair() as (first, second):
            client, server = Stream(first), Stream(second)
            server.set_option(Timeout(idle_timeout=0.02, keep_alive_pings=True))
            run(lambda: client.handshake("localhost", "/"), server.accept)
            with pytest.raises(ConnectionClosed, match="for 0.02 s; a ping"):
                server.read()
            with pytest.raises(ConnectionClosed, match="without a close frame"):
                client.read()
            client.close()

    def test_closing_has_its_own_deadline(self) -> None:
        it = opened()
        it.ws.set_option(Timeout(idle_timeout=0.01, keep_alive_pings=True))
        with pytest.raises(TimedOut):
            it.ws.close(timeout=0.05)
        assert it.sent() == [(CLOSE, b"\x03\xe8")]

    @pytest.mark.parametrize("waited", [False, True])
    def test_closing_without_a_deadline_outlasts_it(self, waited: bool) -> None:
        it = opened()
        it.ws.set_option(Timeout(idle_timeout=0.05))
        if waited:
            with pytest.raises(TimedOut):
                it.ws.read(timeout=0)
        closing = Background(lambda: it.ws.close(timeout=math.inf))
        receives = it.near.receives
        while it.near.receives < receives + 3:
            assert closing.is_running()
        it.send((CLOSE, b"\x03\xe8"))
        it.end()
        closing.result()
        assert it.ws.reason is not None

    def test_over_tls(self, tls_contexts: TlsContexts) -> None:
        with tls_pair(tls_contexts) as (near, far):
            client, server = Stream(near), Stream(far)
            run(lambda: client.handshake("localhost", "/"), server.accept)
            server.set_option(Timeout(idle_timeout=0.05, keep_alive_pings=True))
            with pytest.raises(ConnectionClosed, match=r"for 0\.05 s; a ping 0\.025 s ago"):
                server.read()
            client.abort()


class TestRoom:
    """What a read has to send when the peer takes nothing, or another thread is sending."""

    @ROLES
    def test_a_pong_waits_for_room_and_the_read_goes_on(self, role: Role) -> None:
        it = opened(role, capacity=3)
        it.send((PING, b"payload"), (TEXT, b"first"))
        assert it.ws.read() == "first"
        reading = Background(it.ws.read)
        it.near.wait_for_receiver()
        # Nothing comes, but the room does: the pong goes out without a byte from the peer.
        for _ in range(13 if role is Role.CLIENT else 9):
            assert it.far.receive(1, None)
        assert it.sent() == [(PONG, b"payload")]
        it.send((TEXT, b"second"))
        assert reading.result() == "second"

    def test_bytes_come_first_while_there_is_no_room(self) -> None:
        it = opened(capacity=3)
        it.send((PING, b""))
        with pytest.raises(TimedOut):
            it.ws.read(timeout=0.001)
        reading = Background(it.ws.read)
        it.near.wait_for_receiver()
        it.send((TEXT, b"a"))
        assert reading.result() == "a"

    @ROLES
    def test_a_reader_does_not_wait_for_a_sender(self, role: Role) -> None:
        it = opened(role, capacity=100)
        writing = Background(lambda: it.ws.write(b"w" * 1000))
        it.near.wait_for_sender()
        it.send((PING, b"p"), (TEXT, b"read"))
        assert it.ws.read() == "read"
        assert writing.is_running()
        it.near.capacity = it.far.capacity = None
        it.far.receive(65536, None)
        writing.result()
        assert it.sent() == [(0x82, b"w" * 1000), (PONG, b"p")]

    def test_both_sides_send_before_they_read(self) -> None:
        """96 MiB each way do not fit; it ends in timeouts, and then everything arrives."""
        with socket_pair() as (first, second):
            client, server = Stream(first), Stream(second)
            run(lambda: client.handshake("localhost", "/"), server.accept)
            data = bytes(LARGE)

            def write(stream: Stream[socket.socket]) -> int:
                stream.read_message_max = LARGE
                with pytest.raises(TimedOut) as late:
                    stream.write(data, timeout=0.2)
                return late.value.unsent

            kept = run(lambda: write(client), lambda: write(server))
            assert all(0 < unsent <= LARGE + 14 for unsent in kept)
            reads = [Background(stream.read_bytes) for stream in (client, server)]
            run(lambda: client.ping(timeout=30), lambda: server.ping(timeout=30))
            assert all(read.result() == data for read in reads)
            client.abort()
            server.abort()


def test_the_library_starts_no_thread() -> None:
    before = threading.active_count()
    it: Opened = opened()
    it.ws.set_option(Timeout(idle_timeout=0.01, keep_alive_pings=True))
    it.send((TEXT, b"a"))
    it.ws.read()
    it.ws.write("b")
    with pytest.raises(ConnectionClosed):
        it.ws.read()
    assert threading.active_count() == before
