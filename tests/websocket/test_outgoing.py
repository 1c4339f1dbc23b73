"""What is kept of a send that was cut off, and who sends what was posted."""

from collections import deque
from collections.abc import Callable, Sequence

import pytest
from typing_extensions import Buffer

from beastly.core import Deadline, ForwardingLayer
from beastly.websocket import Role, Stream, TimedOut
from beastly.websocket._outgoing import Outgoing
from beastly.websocket._send import Sender
from beastly.websocket._status import Status
from beastly.websocket.rfc6455 import CloseReason, Opcode
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.open_stream import Frame, frames_of, open_server, opened
from tests.support.pairs import TlsContexts, tls_pair
from tests.support.threads import Background, run

NORMAL: Frame = (0x88, b"\x03\xe8")

SENDS: list[Callable[["Stream[CutOffLayer]"], object]] = [
    lambda ws: ws.write(b"cut off"),
    lambda ws: ws.ping(b"cut off"),
]


class CutOffLayer(ForwardingLayer):
    """A layer whose next send raises `error`, if there is one, and moves no bytes."""

    error: BaseException | None = None
    has_begun: bool = False

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        error, self.error = self.error, None
        if error is not None:
            raise error
        return super().send(data, deadline)

    def send_vector(self, pieces: Sequence[Buffer], deadline: Deadline | None) -> int:
        return self.send(b"".join(pieces), deadline)


def _cut_off(error: BaseException) -> tuple[Stream[CutOffLayer], MemoryLayer]:
    near, _ = connected_pair()
    ws = open_server(Stream(CutOffLayer(near)))
    near.sends.clear()
    ws.next_layer.error = error
    return ws, near


@pytest.mark.parametrize("send", SENDS)
@pytest.mark.parametrize("error", [TimedOut(), KeyboardInterrupt()])
def test_what_the_layer_has_begun_goes_first(
    send: Callable[[Stream[CutOffLayer]], object], error: BaseException
) -> None:
    """TLS needs the same bytes again: a part of them is in a record already."""
    ws, near = _cut_off(error)
    ws.next_layer.has_begun = True
    with pytest.raises(type(error)) as caught:
        send(ws)
    if isinstance(caught.value, TimedOut):
        assert caught.value.unsent == 9
    ws.write(b"next")
    first, second = frames_of(near.sent, masked=False)
    assert first in ((0x82, b"cut off"), (0x89, b"cut off"))
    assert second == (0x82, b"next")


@pytest.mark.parametrize("send", SENDS)
@pytest.mark.parametrize("error", [TimedOut(), ConnectionResetError(), KeyboardInterrupt()])
def test_what_it_has_not_begun_is_not_kept(
    send: Callable[[Stream[CutOffLayer]], object], error: BaseException
) -> None:
    ws, near = _cut_off(error)
    with pytest.raises(type(error)):
        send(ws)
    ws.write(b"next")
    assert frames_of(near.sent, masked=False) == [(0x82, b"next")]


@pytest.mark.parametrize("size", [1000, 20_000, 40_000])
def test_messages_that_time_out_over_tls_arrive_whole_and_once(
    size: int, tls_contexts: TlsContexts
) -> None:
    with tls_pair(tls_contexts) as (near, far):
        client, server = Stream(near), Stream(far)
        run(lambda: client.handshake("localhost", "/"), server.accept)
        written: list[bytes] = []
        while True:
            message = b"%08d" % len(written) + bytes(size)
            try:
                client.write(message, timeout=0.02)
            except TimedOut as late:
                if late.unsent:
                    written.append(message)
                break
            written.append(message)
        reading = Background(lambda: [server.read() for _ in range(len(written) + 1)])
        client.write("after", timeout=10)
        assert reading.result() == [*written, "after"]
        client.abort()


@pytest.mark.parametrize("timeout", [None, 10.0])
@pytest.mark.parametrize(
    ("send", "sent"),
    [
        (lambda ws, timeout: ws.write(b"w", timeout=timeout), (0x82, b"w")),
        (lambda ws, timeout: ws.write_some(True, b"w", timeout=timeout), (0x82, b"w")),
        (lambda ws, timeout: ws.ping(b"w", timeout=timeout), (0x89, b"w")),
    ],
)
def test_a_pong_that_is_left_to_a_writer_goes_out(
    send: Callable[[Stream[MemoryLayer], float | None], object], sent: Frame, timeout: float | None
) -> None:
    """The reader waits for bytes then, and cannot see that there is room."""
    it = opened(Role.SERVER, capacity=1)
    writing = Background(lambda: send(it.ws, timeout))
    it.near.wait_for_sender()
    it.send((0x89, b"p"))
    reading = Background(it.ws.read)
    while it.near.unread:
        it.near.wait_for_receiver()
    for _ in range(6):
        assert it.far.receive(1, Deadline(10))
    writing.result()
    assert it.sent() == [sent, (0x8A, b"p")]
    it.send((0x81, b"x"))
    assert reading.result() == "x"


def test_a_pong_without_room_does_not_fail_the_write_before_it() -> None:
    it = opened(Role.SERVER, capacity=1)
    writing = Background(lambda: it.ws.write(b"w", timeout=0.5))
    it.near.wait_for_sender()
    it.send((0x89, b"p"), (0x81, b"x"))
    assert it.ws.read() == "x"
    for _ in range(3):
        assert it.far.receive(1, Deadline(10))
    writing.result()
    it.near.capacity = None
    it.ws.write(b"v")
    assert it.sent() == [(0x82, b"w"), (0x8A, b"p"), (0x82, b"v")]


class PostingSender(Sender):
    """A sender in whose midst the reader posts one more answer."""

    outgoing: Outgoing

    def control(self, opcode: Opcode, payload: bytes) -> bytes:
        self.outgoing.post(Opcode.PONG, b"late")
        return super().control(opcode, payload)


def test_an_answer_may_be_posted_while_the_close_frame_is_made() -> None:
    near, _ = connected_pair()
    ws = open_server(Stream(near))
    near.sends.clear()
    sender = PostingSender(Role.SERVER)
    sender.outgoing = outgoing = Outgoing(ws._connection, sender)
    outgoing.posted = deque([(Opcode.PONG, b"a"), (Opcode.PONG, b"b")])
    outgoing.close(CloseReason(1000), Status.OPEN, None)
    assert frames_of(near.sent, masked=False) == [(0x8A, b"a"), (0x8A, b"b"), NORMAL]
