"""The verbs of messages: their arguments, what they return, what they refuse (Beast 6.2 to 6.4)."""

from array import array

import pytest

from beastly.websocket import (
    CloseReason,
    ConnectionClosed,
    Error,
    OperationAborted,
    ProtocolViolation,
    Role,
    Stream,
    TimedOut,
    UnexpectedMessage,
)
from tests.support.memory_layer import connected_pair
from tests.support.open_stream import opened
from tests.support.wire import HELLO_FRAGMENT_1, HELLO_FRAGMENT_2, HELLO_UNMASKED


class TestTypedReads:
    def test_the_kind_that_was_asked_for(self) -> None:
        stream = opened()
        stream.send((0x81, b"text"), (0x82, b"binary"))
        assert stream.ws.read_text() == "text"
        assert stream.ws.read_bytes() == b"binary"

    def test_the_other_kind_keeps_the_message(self) -> None:
        stream = opened()
        stream.send((0x81, b"text"), (0x82, b"binary"), (0x81, b"next"))
        with pytest.raises(UnexpectedMessage, match="it has 4 characters") as text:
            stream.ws.read_bytes()
        assert text.value.code is Error.NOT_BINARY
        assert text.value.message == "text"
        with pytest.raises(UnexpectedMessage, match="it has 6 bytes") as binary:
            stream.ws.read_text()
        assert binary.value.code is Error.NOT_TEXT
        assert binary.value.message == b"binary"
        assert stream.ws.read() == "next"
        assert stream.sent() == []

    def test_the_rest_of_a_text_is_no_text(self) -> None:
        """It may begin inside a code point."""
        stream = opened()
        stream.send((0x81, "aé".encode()))
        stream.ws.read_some(bytearray(), 2)
        with pytest.raises(UnexpectedMessage) as caught:
            stream.ws.read_text()
        assert caught.value.message == b"\xa9"

    def test_they_take_a_timeout(self) -> None:
        stream = opened()
        with pytest.raises(TimedOut):
            stream.ws.read_text(timeout=0)
        with pytest.raises(TimedOut):
            stream.ws.read_bytes(timeout=0)


class TestReadIntoABuffer:
    def test_messages_are_appended(self) -> None:
        """R1.4."""
        stream = opened()
        stream.send((0x81, "é".encode()), (0x02, b"ab"), (0x00, b""), (0x80, b"c"), (0x82, b""))
        buffer = bytearray(b">")
        assert stream.ws.read(buffer) == 2
        assert stream.ws.got_text
        assert stream.ws.read(buffer) == 3
        assert stream.ws.got_binary
        assert stream.ws.read(buffer) == 0
        assert buffer == b">\xc3\xa9abc"

    def test_a_large_message(self) -> None:
        stream = opened()
        payload = bytes(range(256)) * 1000
        stream.send((0x82, payload))
        buffer = bytearray()
        assert stream.ws.read(buffer) == len(payload)
        assert buffer == payload

    def test_what_came_before_a_timeout_stays_there(self) -> None:
        stream = opened()
        stream.far.send(HELLO_FRAGMENT_1, None)
        buffer = bytearray()
        with pytest.raises(TimedOut):
            stream.ws.read(buffer, timeout=0)
        assert buffer == b"Hel"
        stream.far.send(HELLO_FRAGMENT_2, None)
        assert stream.ws.read(buffer) == 2
        assert buffer == b"Hello"

    def test_what_came_before_a_fault_stays_there(self) -> None:
        """Beast 6.3."""
        stream = opened()
        stream.far.send(HELLO_FRAGMENT_1 + b"\x81\x00", None)
        stream.end()
        buffer = bytearray()
        with pytest.raises(ProtocolViolation):
            stream.ws.read(buffer)
        assert buffer == b"Hel"

    def test_a_message_that_another_read_began(self) -> None:
        stream = opened()
        stream.far.send(HELLO_FRAGMENT_1, None)
        with pytest.raises(TimedOut):
            stream.ws.read(timeout=0)
        stream.far.send(HELLO_FRAGMENT_2, None)
        buffer = bytearray()
        assert stream.ws.read(buffer) == 5
        assert buffer == b"Hello"

    def test_a_buffer_that_cannot_grow_costs_nothing(self) -> None:
        stream = opened()
        stream.far.send(HELLO_UNMASKED, None)
        buffer = bytearray(b"x")
        with memoryview(buffer):
            with pytest.raises(BufferError):
                stream.ws.read(buffer)
            with pytest.raises(BufferError):
                stream.ws.read_some(buffer)
        assert stream.ws.read(buffer) == 5
        assert buffer == b"xHello"


class TestReadSome:
    def test_into_a_buffer(self) -> None:
        """R2.31: a limit of 3, then of 256."""
        stream = opened()
        stream.far.send(HELLO_UNMASKED, None)
        buffer = bytearray()
        assert stream.ws.read_some(buffer, 3) == 3
        assert not stream.ws.is_message_done
        assert stream.ws.read_some(buffer, 256) == 2
        assert stream.ws.is_message_done
        assert buffer == b"Hello"

    def test_into_a_region(self) -> None:
        """R2.30: it is filled from its start, its size is the limit."""
        stream = opened()
        stream.far.send(HELLO_UNMASKED, None)
        region = bytearray(b"......")
        assert stream.ws.read_some(memoryview(region)[:3]) == 3
        assert region == b"Hel..."
        assert stream.ws.read_some(memoryview(region)) == 2
        assert region == b"lol..."
        assert stream.ws.is_message_done

    def test_into_numbers(self) -> None:
        """A view of anything else than bytes counts in bytes."""
        stream = opened()
        stream.send((0x82, b"\x01\x00\x00\x00\x02\x00\x00\x00"))
        numbers = array("I", [0, 0])
        assert stream.ws.read_some(memoryview(numbers)) == 8
        assert numbers.tobytes() == b"\x01\x00\x00\x00\x02\x00\x00\x00"

    def test_an_empty_region_reads_nothing(self) -> None:
        """R3.17."""
        stream = opened()
        stream.far.send(HELLO_UNMASKED, None)
        assert stream.ws.read_some(memoryview(bytearray())) == 0
        assert stream.near.receives == 0
        assert stream.ws.read() == "Hello"

    def test_one_frame_at_a_time(self) -> None:
        stream = opened()
        stream.send((0x01, b"a"), (0x00, b""), (0x89, b""), (0x00, b"b"), (0x80, b""))
        buffer = bytearray()
        counts: list[int] = []
        while not counts or not stream.ws.is_message_done:
            counts.append(stream.ws.read_some(buffer))
        assert counts == [1, 1, 0]
        assert buffer == b"ab"

    def test_an_empty_message(self) -> None:
        stream = opened()
        stream.send((0x82, b""), (0x81, b"x"))
        assert stream.ws.read_some(bytearray()) == 0
        assert stream.ws.is_message_done
        assert stream.ws.got_binary
        assert stream.ws.read() == "x"

    @pytest.mark.parametrize("role", Role)
    def test_parts_of_a_large_message(self, role: Role) -> None:
        stream = opened(role, chunk=1000)
        payload = bytes(range(256)) * 500
        stream.send((0x82, payload))
        buffer = bytearray()
        while len(buffer) < len(payload):
            assert 0 < stream.ws.read_some(buffer) <= 65536
        assert stream.ws.is_message_done
        assert buffer == payload

    def test_bad_arguments_cost_nothing(self) -> None:
        stream = opened()
        stream.far.send(HELLO_UNMASKED, None)
        with pytest.raises(ValueError, match="limit"):
            stream.ws.read_some(bytearray(), -1)
        with pytest.raises(TypeError, match="writable"):
            stream.ws.read_some(memoryview(b"read-only"))
        with pytest.raises(TypeError):
            stream.ws.read_some(memoryview(bytearray(10))[::2])
        assert stream.near.receives == 0
        assert stream.ws.read() == "Hello"


class TestReadSizeHint:
    """Beast 6.4."""

    def test_between_messages(self) -> None:
        near, _ = connected_pair()
        for ws in (Stream(near), opened().ws):
            assert ws.read_size_hint() == 1536
            assert ws.read_size_hint(7) == 7
            ws.read_message_max = 100
            assert ws.read_size_hint() == 100
            ws.read_message_max = 0
            assert ws.read_size_hint() == 1536

    def test_within_the_last_frame(self) -> None:
        """After two of five bytes, three."""
        stream = opened()
        stream.far.send(HELLO_UNMASKED, None)
        stream.ws.read_some(bytearray(), 2)
        assert stream.ws.read_size_hint() == 3

    def test_within_another_frame(self) -> None:
        stream = opened()
        stream.far.send(b"\x02\x7e\x10\x00ab", None)
        stream.ws.read_some(bytearray())
        assert stream.ws.read_size_hint() == 4094
        assert stream.ws.read_size_hint(5000) == 5000
        stream.ws.read_message_max = 4096
        assert stream.ws.read_size_hint(5000) == 4096

    def test_what_a_read_has_gathered_counts(self) -> None:
        stream = opened()
        stream.far.send(HELLO_FRAGMENT_1 + b"\x80\x02l", None)
        with pytest.raises(TimedOut):
            stream.ws.read(timeout=0)
        assert stream.ws.read_size_hint() == 5

    @pytest.mark.parametrize("size", [0, -1])
    def test_the_initial_size_is_positive(self, size: int) -> None:
        with pytest.raises(ValueError, match="initial_size"):
            opened().ws.read_size_hint(size)


class TestIteration:
    @pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9bye"])
    def test_it_ends_at_a_normal_close(self, payload: bytes) -> None:
        stream = opened()
        stream.send((0x81, b"a"), (0x82, b"b"), (0x88, payload))
        stream.end()
        assert list(stream.ws) == ["a", b"b"]
        assert not stream.ws.is_open
        assert list(stream.ws) == []

    def test_another_close_is_an_error(self) -> None:
        stream = opened()
        stream.send((0x81, b"a"), (0x88, b"\x03\xf3oops"))
        stream.end()
        messages = iter(stream.ws)
        assert next(messages) == "a"
        with pytest.raises(ConnectionClosed) as caught:
            next(messages)
        assert caught.value.reason == CloseReason(1011, "oops")

    def test_an_end_without_a_close_is_an_error(self) -> None:
        stream = opened()
        stream.end()
        with pytest.raises(ConnectionClosed):
            list(stream.ws)
        with pytest.raises(OperationAborted):
            list(stream.ws)

    def test_before_a_handshake(self) -> None:
        near, _ = connected_pair()
        with pytest.raises(OperationAborted):
            list(Stream(near))

    def test_it_ends_at_a_close_on_this_side(self) -> None:
        stream = opened()
        stream.send((0x81, b"a"), (0x81, b"dropped"), (0x88, b"\x03\xe8"))
        stream.end()
        for message in stream.ws:
            assert message == "a"
            stream.ws.close()
        assert not stream.ws.is_open
