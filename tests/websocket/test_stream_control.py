"""Control frames in reads, the callback, pings and pongs: RFC 6455 section 5.5, Beast 5.7, 6.5.

P7 to P15 are two pending operations in Beast; here they are a callback or a second thread
(`test_stream_threads.py`). P5, P6 and P14 are about the idle timeout.
"""

from typing import TypeAlias

import pytest

from beastly.websocket import (
    Busy,
    CloseReason,
    ConnectionClosed,
    Error,
    FrameType,
    OperationAborted,
    ProtocolViolation,
    Role,
    TimedOut,
)
from tests.support.open_stream import Frame, Opened, opened

Seen: TypeAlias = list[tuple[FrameType, bytes]]

NORMAL: Frame = (0x88, b"\x03\xe8")


def _watched(role: Role = Role.CLIENT) -> tuple[Opened, Seen]:
    """An open stream, and where its control callback notes what it is called with."""
    stream = opened(role)
    seen: Seen = []
    stream.ws.control_callback = lambda kind, payload: seen.append((kind, payload))
    return stream, seen


class _Oops(Exception):
    """What a callback of these tests raises."""


def _raise(kind: FrameType, payload: bytes) -> None:
    raise _Oops(payload)


@pytest.mark.parametrize("role", Role)
class TestSending:
    @pytest.mark.parametrize("payload", [b"", b"\x00\xff", b"p" * 125])
    def test_pings_and_pongs(self, role: Role, payload: bytes) -> None:
        """P1, P2."""
        stream = opened(role)
        stream.ws.ping(payload)
        stream.ws.pong(bytearray(payload))
        assert stream.sent() == [(0x89, payload), (0x8A, payload)]

    def test_a_payload_has_125_bytes_at_most(self, role: Role) -> None:
        """Section 5.5."""
        stream = opened(role)
        with pytest.raises(ValueError, match=r"a ping carries 125 bytes at most, not 126"):
            stream.ws.ping(bytes(126))
        with pytest.raises(ValueError, match=r"a pong carries 125 bytes at most, not 200"):
            stream.ws.pong(bytes(200))
        assert stream.sent() == []

    def test_between_the_parts_of_a_message(self, role: Role) -> None:
        """Section 5.4."""
        stream = opened(role)
        stream.ws.write_some(False, "a")
        stream.ws.ping(b"b")
        stream.ws.write("c")
        assert stream.sent() == [(0x01, b"a"), (0x89, b"b"), (0x80, b"c")]


@pytest.mark.parametrize("role", Role)
class TestReceiving:
    def test_a_ping_is_answered_before_the_message_behind_it(self, role: Role) -> None:
        """R2.4, section 5.5.2."""
        stream, seen = _watched(role)
        stream.send((0x89, b"data"), (0x81, b"Hello"))
        assert stream.ws.read() == "Hello"
        assert seen == [(FrameType.PING, b"data")]
        assert stream.sent() == [(0x8A, b"data")]

    def test_each_ping_is_answered_in_order(self, role: Role) -> None:
        """Autobahn 2.10, 2.11."""
        stream = opened(role)
        payloads = [b"%d" % number for number in range(10)]
        stream.send(*((0x89, payload) for payload in payloads), (0x82, b""))
        stream.ws.read()
        assert stream.sent() == [(0x8A, payload) for payload in payloads]

    def test_a_pong_is_only_told(self, role: Role) -> None:
        """R2.6, R2.7, and the unsolicited ones of section 5.5.3."""
        stream, seen = _watched(role)
        stream.ws.ping(b"payload")
        stream.sent()
        stream.send((0x8A, b""), (0x01, b"Hello, "), (0x8A, b"payload"), (0x80, b"World!"))
        assert stream.ws.read() == "Hello, World!"
        assert seen == [(FrameType.PONG, b""), (FrameType.PONG, b"payload")]
        assert stream.sent() == []

    @pytest.mark.parametrize(
        ("payload", "reply", "reason"),
        [
            (b"", b"\x03\xe8", CloseReason()),
            (b"\x03\xe9", b"\x03\xe9", CloseReason(1001)),
            (b"\x0f\xa0gr\xc3\xbcezi", b"\x0f\xa0", CloseReason(4000, "grüezi")),
        ],
    )
    def test_a_close_frame_is_answered(
        self, role: Role, payload: bytes, reply: bytes, reason: CloseReason
    ) -> None:
        """R2.5, R2.9, R2.23, R2.37: the reply repeats the code, or is 1000 (section 5.5.1)."""
        stream, seen = _watched(role)
        stream.send((0x88, payload), (0x81, b"ignored"))
        stream.end()
        with pytest.raises(ConnectionClosed) as caught:
            stream.ws.read()
        assert caught.value.clean
        assert caught.value.code is Error.CLOSED
        assert caught.value.reason == stream.ws.reason == reason
        assert seen == [(FrameType.CLOSE, payload[2:])]
        assert stream.sent() == [(0x88, reply)]
        assert stream.near.closed

    def test_without_a_callback(self, role: Role) -> None:
        stream, seen = _watched(role)
        stream.ws.control_callback = None
        stream.send((0x89, b""), (0x8A, b""), (0x81, b"x"))
        assert stream.ws.read() == "x"
        assert seen == []
        assert stream.sent() == [(0x8A, b"")]

    def test_inside_every_kind_of_read(self, role: Role) -> None:
        stream, seen = _watched(role)
        buffer = bytearray()
        stream.send((0x89, b"1"), (0x02, b"a"), (0x89, b"2"), (0x00, b"b"), (0x89, b"3"))
        stream.send((0x80, b"c"), (0x89, b"4"), NORMAL)
        stream.end()
        stream.ws.read_some(buffer)
        stream.ws.read_some(buffer)
        stream.ws.read(buffer)
        with pytest.raises(ConnectionClosed):
            stream.ws.read_some(buffer)
        assert buffer == b"abc"
        assert [payload for _, payload in seen] == [b"1", b"2", b"3", b"4", b""]
        assert [payload for _, payload in stream.sent()] == [b"1", b"2", b"3", b"4", b"\x03\xe8"]


@pytest.mark.parametrize("role", Role)
class TestCallback:
    """What the control callback may do."""

    def test_it_may_write(self, role: Role) -> None:
        """P9; what it writes goes before the pong (Beast 6.5)."""
        stream = opened(role)

        def callback(kind: FrameType, payload: bytes) -> None:
            stream.ws.write("from the callback")
            stream.ws.ping(b"too")

        stream.ws.control_callback = callback
        stream.send((0x89, b"data"), (0x81, b"x"))
        assert stream.ws.read() == "x"
        assert stream.sent() == [(0x81, b"from the callback"), (0x89, b"too"), (0x8A, b"data")]

    def test_it_may_not_read(self, role: Role) -> None:
        stream = opened(role)

        def callback(kind: FrameType, payload: bytes) -> None:
            with pytest.raises(Busy, match="around a control callback"):
                stream.ws.read()

        stream.ws.control_callback = callback
        stream.send((0x89, b""), (0x81, b"x"))
        assert stream.ws.read() == "x"

    def test_it_may_be_replaced(self, role: Role) -> None:
        stream = opened(role)
        seen: Seen = []

        def callback(kind: FrameType, payload: bytes) -> None:
            stream.ws.control_callback = lambda kind, payload: seen.append((kind, payload))

        stream.ws.control_callback = callback
        assert stream.ws.control_callback is callback
        stream.send((0x89, b"1"), (0x89, b"2"), (0x81, b"x"))
        stream.ws.read()
        assert seen == [(FrameType.PING, b"2")]

    def test_an_exception_leaves_the_stream_usable(self, role: Role) -> None:
        """The pong goes out all the same, which it does not in Beast (6.5)."""
        stream = opened(role)
        stream.ws.control_callback = _raise
        stream.send((0x89, b"1"), (0x8A, b"2"), (0x81, b"x"))
        for payload in (b"1", b"2"):
            with pytest.raises(_Oops) as caught:
                stream.ws.read()
            assert caught.value.args == (payload,)
        assert stream.ws.is_open
        assert stream.ws.read() == "x"
        assert stream.sent() == [(0x8A, b"1")]

    def test_an_exception_for_a_close_frame(self, role: Role) -> None:
        """The closing handshake is finished all the same."""
        stream = opened(role)
        stream.ws.control_callback = _raise
        stream.send((0x88, b"\x03\xe9bye"))
        stream.end()
        with pytest.raises(_Oops):
            stream.ws.read()
        assert stream.sent() == [(0x88, b"\x03\xe9")]
        assert stream.ws.reason == CloseReason(1001, "bye")
        assert stream.near.closed
        with pytest.raises(OperationAborted, match="1001"):
            stream.ws.read()

    def test_it_may_close(self, role: Role) -> None:
        """P8, P13: nothing follows the close frame, not even the pong; the read finishes it."""
        stream = opened(role)
        stream.ws.control_callback = lambda kind, payload: stream.ws.close(4000)
        stream.send((0x89, b"data"), (0x81, b"dropped"), (0x89, b""), (0x88, b"\x0f\xa0"))
        stream.end()
        with pytest.raises(OperationAborted, match="4000"):
            stream.ws.read()
        assert stream.sent() == [(0x88, b"\x0f\xa0")]
        assert stream.near.closed
        assert stream.ws.reason == CloseReason(4000)
        stream.ws.close()
        assert stream.sent() == []

    def test_the_peer_need_not_answer_that(self, role: Role) -> None:
        stream = opened(role)
        stream.ws.control_callback = lambda kind, payload: stream.ws.close()
        stream.send((0x89, b""))
        with pytest.raises(TimedOut):
            stream.ws.read(timeout=0)
        with pytest.raises(OperationAborted, match="sent a close frame"):
            stream.ws.read(timeout=0)
        with pytest.raises(TimedOut):
            stream.ws.close(timeout=0)
        assert stream.near.closed

    def test_it_may_close_when_the_peer_does(self, role: Role) -> None:
        """P11, P12, P15: there is one close frame, the reply."""
        stream = opened(role)
        stream.ws.control_callback = lambda kind, payload: stream.ws.close(4000)
        stream.send(NORMAL)
        stream.end()
        with pytest.raises(ConnectionClosed) as caught:
            stream.ws.read()
        assert caught.value.clean
        assert stream.sent() == [NORMAL]

    @pytest.mark.parametrize("first", [0x89, 0x8A])
    def test_it_may_abort(self, role: Role, first: int) -> None:
        """A close frame behind it is not looked at any more."""
        stream = opened(role)
        stream.ws.control_callback = lambda kind, payload: stream.ws.abort()
        stream.send((first, b""), NORMAL)
        with pytest.raises(OperationAborted, match="it was aborted"):
            stream.ws.read()
        assert stream.sent() == []
        assert stream.near.closed
        assert stream.ws.reason is None

    def test_it_may_abort_when_the_peer_closes(self, role: Role) -> None:
        stream = opened(role)
        stream.ws.control_callback = lambda kind, payload: stream.ws.abort()
        stream.send((0x88, b"\x03\xe9bye"))
        with pytest.raises(ConnectionClosed) as caught:
            stream.ws.read()
        assert not caught.value.clean
        assert caught.value.reason == CloseReason(1001, "bye")
        assert stream.sent() == []
        assert stream.near.closed

    def test_it_is_not_called_for_what_a_close_drops(self, role: Role) -> None:
        """Beast 6.5, 6.6; C7."""
        stream, seen = _watched(role)
        stream.send((0x89, b"*"), (0x8A, b""), NORMAL)
        stream.end()
        stream.ws.close()
        assert seen == []
        assert stream.sent() == [NORMAL]

    def test_it_sees_the_reason_when_it_is_called(self, role: Role) -> None:
        stream = opened(role)
        reasons: list[CloseReason | None] = []
        stream.ws.control_callback = lambda kind, payload: reasons.append(stream.ws.reason)
        stream.send((0x88, b"\x03\xe9bye"))
        stream.end()
        with pytest.raises(ConnectionClosed):
            stream.ws.read()
        assert reasons == [CloseReason(1001, "bye")]


class TestPongsThatWait:
    """A read never waits for the peer to take a pong."""

    @pytest.mark.parametrize("role", Role)
    def test_they_go_out_when_there_is_room(self, role: Role) -> None:
        stream = opened(role, capacity=3)
        stream.send((0x89, b"1"), (0x89, b"2"), (0x81, b"x"), (0x81, b"y"))
        assert stream.ws.read() == "x"
        assert len(stream.near.sent) == 3
        stream.near.capacity = None
        stream.ws.write("w")
        assert stream.sent() == [(0x8A, b"1"), (0x8A, b"2"), (0x81, b"w")]

    def test_they_go_out_inside_the_next_read(self) -> None:
        stream = opened(capacity=0)
        stream.send((0x89, b"1"), (0x81, b"x"))
        assert stream.ws.read() == "x"
        stream.near.capacity = None
        with pytest.raises(TimedOut):
            stream.ws.read(timeout=0)
        assert stream.sent() == [(0x8A, b"1")]

    def test_they_go_out_before_a_close_frame(self) -> None:
        stream = opened(capacity=0)
        stream.send((0x89, b"1"), (0x89, b"2"), (0x81, b"x"), NORMAL)
        stream.end()
        assert stream.ws.read() == "x"
        stream.near.capacity = None
        stream.ws.close()
        assert stream.sent() == [(0x8A, b"1"), (0x8A, b"2"), NORMAL]

    def test_they_are_bounded(self) -> None:
        """A peer that pings and never reads: the latest pongs are enough (section 5.5.3)."""
        stream = opened(capacity=0)
        stream.send(*((0x89, b"%d" % number) for number in range(5000)), (0x81, b"x"))
        assert stream.ws.read() == "x"
        stream.near.capacity = None
        stream.ws.write("w")
        begun, *sent = stream.sent()
        assert begun == (0x8A, b"0")
        assert sent == [
            *((0x8A, b"%d" % number) for number in range(5000 - 1024, 5000)),
            (0x81, b"w"),
        ]

    def test_a_peer_that_takes_none_is_no_error_of_a_read(self) -> None:
        stream = opened()
        stream.send((0x89, b""), (0x81, b"x"), (0x88, b"\x03\xe9"))
        stream.far.close()
        assert stream.ws.read() == "x"
        with pytest.raises(ConnectionClosed) as caught:
            stream.ws.read()
        assert not caught.value.clean
        assert caught.value.reason == CloseReason(1001)
        assert stream.near.closed


def test_a_fault_behind_a_ping() -> None:
    """P10: the ping is answered, then the peer is told."""
    stream, seen = _watched()
    stream.send((0x89, b"a"), (0x09, b""))
    stream.end()
    with pytest.raises(ProtocolViolation) as caught:
        stream.ws.read()
    assert caught.value.code is Error.BAD_CONTROL_FRAGMENT
    assert seen == [(FrameType.PING, b"a")]
    assert stream.sent() == [(0x8A, b"a"), (0x88, b"\x03\xea")]
    with pytest.raises(OperationAborted):
        stream.ws.ping()
