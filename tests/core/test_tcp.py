"""The layer over a plain socket."""

import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from beastly.core import Deadline, Layer, TimedOut, layer_over
from beastly.core._tcp import SocketLayer
from tests.support.pairs import socket_pair, tcp_pair
from tests.support.threads import Background, run

LARGE = 4 * 1024 * 1024


def test_it_is_a_layer() -> None:
    with socket_pair() as (near, _):
        assert isinstance(SocketLayer(near), Layer)


def test_tcp_is_told_not_to_delay() -> None:
    with tcp_pair() as (near, _):
        layer_over(near)
        assert near.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_timeout_of_the_socket_becomes_that_of_each_call() -> None:
    with socket_pair() as (near, _):
        assert SocketLayer(near).default_timeout is None
        near.settimeout(1.5)
        assert SocketLayer(near).default_timeout == 1.5
        assert near.gettimeout() is None


@pytest.mark.parametrize("deadline", [None, 5.0])
def test_bytes_go_and_come(deadline: float | None) -> None:
    with socket_pair() as (first, second):
        near, far = SocketLayer(first), SocketLayer(second)
        limit = Deadline.after(deadline)
        assert near.send(b"abcdef", limit) == 6
        assert far.receive(4, limit) == b"abcd"
        region = bytearray(8)
        assert far.receive_into(memoryview(region), limit) == 2
        assert region == b"ef\0\0\0\0\0\0"
        assert far.send_vector([b"gh", memoryview(b"ij")], limit) == 4
        assert near.receive(9, limit) == b"ghij"
        near.shutdown(limit)
        assert far.receive(9, limit) == b""
        assert far.receive_into(memoryview(region), limit) == 0


def test_receiving_ends_at_the_deadline() -> None:
    with socket_pair() as (first, _):
        layer = SocketLayer(first)
        for seconds in (0.0, 0.001):
            with pytest.raises(TimedOut):
                layer.receive(1, Deadline(seconds))
            with pytest.raises(TimedOut):
                layer.receive_into(memoryview(bytearray(1)), Deadline(seconds))


class FalseAlarm(socket.socket):
    """A socket whose first receive finds nothing, as after a packet with a bad checksum."""

    alarms = 1

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        self._alarm()
        return super().recv(size, flags)

    def recv_into(  # type: ignore[override]
        self, region: memoryview, count: int = 0, flags: int = 0
    ) -> int:
        self._alarm()
        return super().recv_into(region, count, flags)

    def _alarm(self) -> None:
        if self.alarms:
            self.alarms -= 1
            raise BlockingIOError


@pytest.mark.parametrize("into", [False, True])
def test_a_false_alarm_is_waited_out(into: bool) -> None:
    with socket_pair() as (first, second), FalseAlarm(fileno=first.detach()) as sock:
        layer = SocketLayer(sock)
        second.send(b"x")
        if into:
            region = bytearray(1)
            assert layer.receive_into(memoryview(region), Deadline(5)) == 1
            assert region == b"x"
        else:
            assert layer.receive(1, Deadline(5)) == b"x"
        assert sock.alarms == 0


@pytest.mark.parametrize("vector", [False, True])
@pytest.mark.parametrize("timeout", [None, 20.0])
def test_sending_waits_for_room(vector: bool, timeout: float | None) -> None:
    data = bytes(range(256)) * (LARGE // 256)
    with socket_pair() as (first, second):
        near = SocketLayer(first)

        def send() -> None:
            rest = memoryview(data)
            deadline = Deadline.after(timeout)
            while rest:
                pieces = [rest[:100], rest[100:]]
                sent = near.send_vector(pieces, deadline) if vector else near.send(rest, deadline)
                assert sent > 0
                rest = rest[sent:]
            near.shutdown(deadline)

        def receive() -> bytes:
            with second.makefile("rb") as file:
                return file.read()

        assert run(send, receive)[1] == data


@pytest.mark.parametrize("vector", [False, True])
def test_sending_ends_at_the_deadline_and_a_timeout_sends_nothing(vector: bool) -> None:
    with socket_pair() as (first, second):
        layer = SocketLayer(first)
        sent = 0
        with pytest.raises(TimedOut):
            while True:
                deadline = Deadline(0.001)
                block = bytes(65536)
                sent += (
                    layer.send_vector([block], deadline) if vector else layer.send(block, deadline)
                )
        layer.shutdown(None)
        with second.makefile("rb") as file:
            assert len(file.read()) == sent


@contextmanager
def _raising_when_bytes_arrive(sock: socket.socket) -> Iterator[None]:
    """Have a handler raise in this thread, by a signal that comes when bytes arrive at `sock`.

    The system itself sends it, before the call returns that has sent the bytes.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGIO, interrupt)
    flags = fcntl.fcntl(sock, fcntl.F_GETFL)
    fcntl.fcntl(sock, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(sock, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        yield
    finally:
        fcntl.fcntl(sock, fcntl.F_SETFL, flags)
        signal.signal(signal.SIGIO, before)


@pytest.mark.parametrize("timeout", [None, 5.0])
def test_the_count_of_a_vector_survives_a_handler_that_raises(timeout: float | None) -> None:
    """It raises behind the system call, as soon as Python lets it; the count is kept by then."""
    with socket_pair() as (first, second):
        layer = SocketLayer(first)
        for _ in range(3):
            sent = 0
            with pytest.raises(KeyboardInterrupt), _raising_when_bytes_arrive(second):
                sent = layer.send_vector((b"abc", b"def"), Deadline.after(timeout))
                # A loop is a place where handlers are run.
                for _ in range(2):
                    pass
            assert sent == 6
            assert second.recv(100) == b"abcdef"


def test_abort_wakes_who_is_waiting_and_keeps_the_descriptor() -> None:
    with socket_pair() as (first, _):
        layer = SocketLayer(first)
        reader = Background(lambda: layer.receive(1, None))
        layer.abort()
        assert reader.result() == b""
        assert first.fileno() >= 0
        with pytest.raises(BrokenPipeError):
            layer.send(b"x", None)
        layer.abort()
        layer.close()
        assert first.fileno() == -1
        layer.close()
        layer.abort()


def test_abort_wakes_who_is_sending() -> None:
    with socket_pair() as (first, _):
        layer = SocketLayer(first)

        def send() -> None:
            while True:
                layer.send(bytes(65536), None)

        sender = Background(send)
        layer.abort()
        with pytest.raises(BrokenPipeError):
            sender.result()


def test_a_closed_socket_is_told_at_once() -> None:
    with socket_pair() as (first, _):
        first.close()
        with pytest.raises(OSError):
            SocketLayer(first)


@pytest.mark.parametrize("seconds", [0.0, 0.0000001, 0.002])
def test_a_receive_without_a_deadline_can_have_a_limit(seconds: float) -> None:
    with socket_pair() as (first, second):
        layer = SocketLayer(first)
        assert layer.receive_timeout is None
        layer.receive_timeout = seconds
        assert layer.receive_timeout == seconds
        with pytest.raises(TimedOut, match="no bytes arrived in time"):
            layer.receive(1, None)
        with pytest.raises(TimedOut, match="no bytes arrived in time"):
            layer.receive_into(memoryview(bytearray(1)), None)
        second.send(b"xy")
        assert layer.receive(1, None) == b"x"
        assert layer.receive_into(memoryview(bytearray(1)), None) == 1
        layer.receive_timeout = None
        waiting = Background(lambda: layer.receive(1, None))
        second.send(b"z")
        assert waiting.result() == b"z"


def test_waiting_for_either_half() -> None:
    with socket_pair() as (first, _):
        SocketLayer(first).wait(Deadline(5))
