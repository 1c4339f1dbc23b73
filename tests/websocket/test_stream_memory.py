"""What a message of 16 MiB costs: at most two copies of it on either side."""

import socket
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from beastly.websocket import Role, Stream
from tests.support.open_stream import open_client, open_server
from tests.support.pairs import socket_pair
from tests.support.peer import Peer
from tests.support.threads import Background

SIZE: Final = 16 * 1024 * 1024
MARGIN: Final = 1024 * 1024

# One frame. The key of zeros masks to the payload itself, so the peer needs no copy.
HEADER: Final = {
    Role.CLIENT: b"\x7f\x00\x00\x00\x00\x01\x00\x00\x00",
    Role.SERVER: b"\xff\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00",
}
FIRST: Final = {"text": b"\x81", "binary": b"\x82"}


@contextmanager
def _opened(role: Role) -> Iterator[tuple[Stream[socket.socket], socket.socket]]:
    with socket_pair() as (near, far):
        ws = Stream(near)
        if role is Role.CLIENT:
            open_client(ws, far.sendall)
        else:
            open_server(ws)
        Peer(far).read_until(b"\r\n\r\n")
        yield ws, far
        ws.abort()


def _peak(call: Callable[[], object]) -> int:
    """The most bytes that `call` had at once beyond those from before."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("kind", "copies"), [("binary", 1), ("text", 2)])
def test_reading(role: Role, kind: str, copies: int) -> None:
    """Of text both its bytes and the `str` are there for a moment."""
    payload = bytes(SIZE)
    got: list[str | bytes] = []
    with _opened(role) as (ws, far):

        def send() -> None:
            far.sendall(FIRST[kind] + HEADER[role])
            far.sendall(payload)

        sending = Background(send)
        peak = _peak(lambda: got.append(ws.read()))
        sending.result()
    assert len(got[0]) == SIZE
    assert peak < copies * SIZE + MARGIN


@pytest.mark.parametrize("role", Role)
def test_reading_fragments(role: Role) -> None:
    """Nobody knows how large the message becomes, so the block grows on the way."""
    payload = bytes(SIZE // 4)
    header = HEADER[role][:5] + b"\x00\x40" + HEADER[role][7:]
    got: list[str | bytes] = []
    with _opened(role) as (ws, far):

        def send() -> None:
            for first in (b"\x02", b"\x00", b"\x00", b"\x80"):
                far.sendall(first + header)
                far.sendall(payload)

        sending = Background(send)
        peak = _peak(lambda: got.append(ws.read()))
        sending.result()
    assert len(got[0]) == SIZE
    assert peak < 2 * SIZE + MARGIN


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("data", "copies"),
    [
        pytest.param(bytes(SIZE), 0, id="bytes"),
        pytest.param(bytearray(SIZE), 1, id="bytearray"),
        pytest.param("x" * SIZE, 1, id="text"),
        pytest.param([bytes(SIZE // 2)] * 2, 1, id="buffers"),
    ],
)
@pytest.mark.parametrize("auto_fragment", [False, True])
def test_writing(
    role: Role, data: str | bytes | list[bytes], copies: int, auto_fragment: bool
) -> None:
    """Bytes are sent from where they are; what could change meanwhile is copied once."""
    with _opened(role) as (ws, far):
        ws.auto_fragment = auto_fragment
        region = bytearray(65536)

        def receive() -> None:
            left = SIZE
            while left > 0:
                left -= far.recv_into(region)

        receiving = Background(receive)
        peak = _peak(lambda: ws.write(data))
        receiving.result()
    assert peak < copies * SIZE + MARGIN


def test_a_limit_is_checked_before_memory_is_taken() -> None:
    """R3.22: a header that announces 2^62 bytes."""
    with _opened(Role.CLIENT) as (ws, far):
        far.sendall(b"\x82\x7f\x40\x00\x00\x00\x00\x00\x00\x00")
        far.shutdown(socket.SHUT_WR)

        def read() -> None:
            with pytest.raises(Exception, match="announce"):
                ws.read()

        assert _peak(read) < MARGIN


def test_a_lie_without_a_limit_costs_what_has_come() -> None:
    with _opened(Role.CLIENT) as (ws, far):
        ws.read_message_max = 0
        far.sendall(b"\x82\x7f\x40\x00\x00\x00\x00\x00\x00\x00" + bytes(100_000))

        def read() -> None:
            with pytest.raises(TimeoutError):
                ws.read(timeout=0.05)

        assert _peak(read) < MARGIN
