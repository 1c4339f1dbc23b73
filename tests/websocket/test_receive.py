"""The receiving machine: RFC 6455 sections 5 and 6.2, and Beast's cases R2, R3, P and F."""

import pytest

from beastly.core import Role
from beastly.websocket._receive import ControlFrame
from beastly.websocket.error import Error, MessageTooBig, ProtocolViolation
from beastly.websocket.rfc6455 import Opcode
from tests.support.feeding import feedings, with_trailing
from tests.support.receiving import Event, close, deliver, events_of, frame, ping, pong, receiver
from tests.support.wire import (
    BINARY_64K_HEADER,
    BINARY_256_HEADER,
    HELLO_FRAGMENT_1,
    HELLO_FRAGMENT_2,
    HELLO_MASKED,
    HELLO_UNMASKED,
    MASKING_KEY,
    PING_UNMASKED,
    PONG_MASKED,
)

_VALID: list[tuple[str, bytes, list[Event]]] = [
    # RFC 6455 section 5.7.
    ("unmasked text", HELLO_UNMASKED, ["Hello"]),
    ("fragmented text", HELLO_FRAGMENT_1 + HELLO_FRAGMENT_2, ["Hello"]),
    ("ping", PING_UNMASKED, [ping(b"Hello")]),
    ("binary of 256 bytes", BINARY_256_HEADER + bytes(256), [bytes(256)]),
    # Beast's.
    ("R2.2", b"\x01\x00\x80\x00", [""]),
    ("R2.4", b"\x89\x00\x81\x05Hello", [ping(), "Hello"]),
    ("R2.6", b"\x8a\x00\x82\x05Hello", [pong(), b"Hello"]),
    (
        "R2.7",
        b"\x8a\x07payload\x01\x07Hello, \x00\x00\x80\x06World!",
        [pong(b"payload"), "Hello, World!"],
    ),
    ("R3.12", b"\x89\x02\x2a\x2a\x81\x02\x2a\x2a", [ping(b"**"), "**"]),
    ("R3.18", b"\x81\x00\x89\x00", ["", ping()]),
    ("P9", b"\x89\x00\x81\x01\x2a", [ping(), "*"]),
    # Everything else that is legal.
    ("empty binary", b"\x82\x00", [b""]),
    ("one byte", b"\x82\x01\xff", [b"\xff"]),
    ("two messages", b"\x81\x01a\x82\x01b", ["a", b"b"]),
    (
        "control inside a message",
        b"\x01\x01a\x89\x01?\x8a\x01!\x80\x01b",
        [ping(b"?"), pong(b"!"), "ab"],
    ),
    ("close inside a message", b"\x01\x01a\x88\x00", [close()]),
    ("empty binary fragments", b"\x02\x00\x00\x00\x00\x00\x80\x00", [b""]),
    ("a code point cut by fragments", b"\x01\x01\xe2\x00\x01\x82\x80\x01\xac", ["€"]),
    ("126 bytes of text", b"\x81\x7e\x00\x7e" + b"x" * 126, ["x" * 126]),
    ("257 bytes of text, R3.1", b"\x81\x7e\x01\x01" + b"\x2a" * 257, ["*" * 257]),
]


@pytest.mark.parametrize(
    ("wire", "expected"), [pytest.param(wire, events, id=name) for name, wire, events in _VALID]
)
def test_valid(wire: bytes, expected: list[Event]) -> None:
    """Whole, at every cut, and byte by byte; the next frame behind it does not matter."""
    for pieces in feedings(wire):
        assert events_of(pieces) == expected
    for pieces in with_trailing(wire, b"\x89\x03"):
        assert events_of(pieces) == expected


def test_masked() -> None:
    """Section 5.7: the same of a client."""
    for wire, expected in ((HELLO_MASKED, "Hello"), (PONG_MASKED, pong(b"Hello"))):
        for pieces in feedings(wire):
            assert events_of(pieces, receiver(Role.SERVER)) == [expected]


@pytest.mark.parametrize("key", [MASKING_KEY, b"\0\0\0\0", b"\xff\xff\xff\xff"])
@pytest.mark.parametrize("size", [0, 1, 5, 125, 126, 127, 600, 601, 65535, 65536])
def test_masked_sizes(size: int, key: bytes) -> None:
    payload = bytes(index % 128 for index in range(size))
    expected: list[Event] = [payload, payload.decode(), payload]
    wire = frame(0x82, payload, key) + frame(0x81, payload, key)
    wire += frame(0x02, payload, key) + frame(0x80, b"", key)
    for cut in (len(wire), 1000, 7001):
        pieces = [wire[at : at + cut] for at in range(0, len(wire), cut)]
        assert events_of(pieces, receiver(Role.SERVER)) == expected


def test_64_kib() -> None:
    """Section 5.7, the last example."""
    wire = BINARY_64K_HEADER + b"\xfe" * 65536
    assert events_of([wire]) == [b"\xfe" * 65536]
    assert events_of([wire[:10], wire[10:]]) == [b"\xfe" * 65536]


_INVALID: list[tuple[str, bytes, list[Event]]] = [
    ("R2.13", b"\x8f\x00", [Error.BAD_OPCODE]),
    ("R2.15, R3.16", b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", [Error.MESSAGE_TOO_BIG]),
    ("R2.17", b"\x81\x06\x03\xea\xf0\x28\x8c\xbc", [Error.BAD_FRAME_PAYLOAD]),
    ("R2.18", b"\x81\x06Hello\xc0", [Error.BAD_FRAME_PAYLOAD]),
    ("R3.2", b"\x01\x01\x2a\x81\x01\x2a", [Error.BAD_DATA_FRAME]),
    ("R3.3", b"\xb1\x01\x2a", [Error.BAD_RESERVED_BITS]),
    ("R3.4", b"\x80\x01\x2a", [Error.BAD_CONTINUATION]),
    ("R3.5", b"\x01\x01\x2a\xb0\x01\x2a", [Error.BAD_RESERVED_BITS]),
    ("R3.6", b"\x83\x01\x2a", [Error.BAD_OPCODE]),
    ("R3.7", b"\x09\x01\x2a", [Error.BAD_CONTROL_FRAGMENT]),
    ("R3.8", b"\x89\x7e\x01\x01", [Error.BAD_CONTROL_SIZE]),
    ("R3.9", b"\xb9\x01\x2a", [Error.BAD_RESERVED_BITS]),
    ("R3.11", b"\x81\x80\xff\xff\xff\xff", [Error.BAD_MASKED_FRAME]),
    ("R3.13", b"\x81\x7e\x00\x7d", [Error.BAD_SIZE]),
    ("R3.13 with its payload", b"\x81\x7e\x00\x7d" + b"x" * 125, [Error.BAD_SIZE]),
    ("R3.14", b"\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff", [Error.BAD_SIZE]),
    ("R3.15", b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", [Error.BAD_SIZE]),
    ("continuation of a whole message", b"\x81\x01a\x80\x01b", ["a", Error.BAD_CONTINUATION]),
    ("continuation after the last", b"\x01\x00\x80\x00\x80\x00", ["", Error.BAD_CONTINUATION]),
    ("text cut short", b"\x81\x02a\xe2", [Error.BAD_FRAME_PAYLOAD]),
    ("fragmented text cut short", b"\x01\x02a\xe2\x80\x01\x82", [Error.BAD_FRAME_PAYLOAD]),
    ("text cut short by an empty fragment", b"\x01\x02a\xe2\x80\x00", [Error.BAD_FRAME_PAYLOAD]),
    ("a surrogate", b"\x81\x03\xed\xa0\x80", [Error.BAD_FRAME_PAYLOAD]),
]


@pytest.mark.parametrize(
    ("wire", "expected"), [pytest.param(wire, events, id=name) for name, wire, events in _INVALID]
)
def test_invalid(wire: bytes, expected: list[Event]) -> None:
    """However it is cut, the same fault; what was good before it is handed out first."""
    for pieces in with_trailing(wire, b"\x81\x01x"):
        assert events_of(pieces) == expected
    for pieces in feedings(b"\x82\x02ok\x89\x00" + wire):
        assert events_of(pieces) == [b"ok", ping(), *expected]


def test_unmasked_to_a_server() -> None:
    """R3.10, section 5.1, control frames too."""
    for wire in (b"\x81\x01\x2a", b"\x82\x00", b"\x89\x00", b"\x81\x7e\x01\x00", b"\x81\x7f"):
        for pieces in feedings(wire):
            assert events_of(pieces, receiver(Role.SERVER)) == [Error.BAD_UNMASKED_FRAME]


def test_a_fault_in_a_frame_is_found_at_its_first_byte() -> None:
    """Autobahn 6.4.3 and 6.4.4: not at the end of the frame, masked or not."""
    for key, role in ((b"", Role.CLIENT), (MASKING_KEY, Role.SERVER)):
        wire = frame(0x81, b"\xce\xba\xe1\xbd\xb9\xf4\x90\x80\x80edited", key)
        proof = wire[: len(wire) - len(b"\x80\x80edited")]
        assert events_of([proof[:-1]], receiver(role)) == []
        assert events_of([proof], receiver(role)) == [Error.BAD_FRAME_PAYLOAD]
        assert events_of([proof[:-1], proof[-1:]], receiver(role)) == [Error.BAD_FRAME_PAYLOAD]


def test_a_fault_in_a_window_is_found_at_once() -> None:
    for key, role in ((b"", Role.CLIENT), (MASKING_KEY, Role.SERVER)):
        wire = frame(0x81, b"a" * 60000 + b"\xff" + b"a" * 60000, key)
        machine = receiver(role)
        assert deliver(machine, wire[:60000]) == []
        assert machine.window_size
        assert deliver(machine, wire[60000:70000]) == [Error.BAD_FRAME_PAYLOAD]
        assert not machine.window_size


def test_no_state_leaks_into_the_next_message() -> None:
    """Beast's defect 5: an end inside a code point is refused; good messages in a row are good."""
    assert events_of([b"\x01\x01\xe2\x80\x00\x81\x02\x82\xac"]) == [Error.BAD_FRAME_PAYLOAD]
    wire = b"\x01\x01\xe2\x80\x02\x82\xac" + b"\x02\x01\xe2\x80\x00" + b"\x01\x00\x80\x01a"
    for pieces in feedings(wire):
        assert events_of(pieces) == ["€", b"\xe2", "a"]


def test_one_frame_at_a_time() -> None:
    """What follows the item handed out stays unparsed, a fault included."""
    machine = receiver(data=b"\x81\x01a\x83\x00")
    assert machine.message() == "a"
    assert bytes(machine.buffer.take(9)) == b"\x83\x00"


def test_a_fault_is_final() -> None:
    machine = receiver(data=b"\x83\x00")
    with pytest.raises(ProtocolViolation) as first:
        machine.message()
    machine.buffer.take(9)
    machine.buffer.feed(b"\x81\x01a")
    for call in (machine.message, lambda: machine.some(10)):
        with pytest.raises(ProtocolViolation) as again:
            call()
        assert again.value is first.value


def test_a_fault_in_a_whole_text_is_final() -> None:
    machine = receiver(data=b"\x81\x02\xc3\x28\x81\x01a")
    for _ in range(2):
        with pytest.raises(ProtocolViolation, match="invalid continuation byte in c3 28 "):
            machine.message()


def test_observers() -> None:
    machine = receiver()
    assert machine.opcode is Opcode.TEXT
    assert machine.message_done
    assert deliver(machine, b"\x82\x03abc") == [b"abc"]
    assert (machine.opcode, machine.message_done) == (Opcode.BINARY, True)
    assert deliver(machine, b"\x01\x02ab\x00\x05cd") == []
    assert (machine.opcode, machine.message_done) == (Opcode.TEXT, False)
    assert (machine.remaining, machine.message_size) == (3, 7)
    assert deliver(machine, b"\x0a\x00") == []  # Not a pong: the frame goes on.
    assert deliver(machine, b"e\x80\x00") == ["abcd\n\0e"]
    assert (machine.remaining, machine.message_done) == (0, True)


class TestLimits:
    """Section 10.4: the limits, checked from the headers."""

    @pytest.mark.parametrize("first", [0x81, 0x82])
    @pytest.mark.parametrize("limit", [1, 125, 126, 20000, 70000])
    def test_message_max(self, first: int, limit: int) -> None:
        """R2.16: exactly the limit is allowed."""
        for extra in (0, 1):
            wire = frame(first, b"x" * (limit + extra))
            [event] = events_of([wire], receiver(message_max=limit))
            if extra:
                assert event is Error.MESSAGE_TOO_BIG
            else:
                assert event == ("x" * limit if first == 0x81 else b"x" * limit)

    def test_over_all_fragments(self) -> None:
        wire = b"\x02\x02ab\x00\x00\x00\x02cd"
        assert events_of([wire + b"\x80\x01e"], receiver(message_max=5)) == [b"abcde"]
        for pieces in feedings(wire + b"\x80\x02"):
            assert events_of(pieces, receiver(message_max=5)) == [Error.MESSAGE_TOO_BIG]

    def test_a_message_does_not_count_against_the_next(self) -> None:
        wire = b"\x82\x04abcd\x02\x02ab\x80\x02cd" * 3
        assert events_of([wire], receiver(message_max=4)) == [b"abcd"] * 6

    def test_no_limit(self) -> None:
        wire = frame(0x82, b"x" * 200) + frame(0x82, b"y" * 200_000)
        expected = [b"x" * 200, b"y" * 200_000]
        assert events_of([wire], receiver(message_max=0, fragments_max=0)) == expected

    def test_a_limit_may_be_set_between_messages(self) -> None:
        machine = receiver(message_max=2, data=b"\x82\x02ab\x82\x03abc\x82\x02ab")
        assert machine.message() == b"ab"
        machine.message_max = 3
        assert machine.message() == b"abc"
        machine.message_max = 1
        with pytest.raises(MessageTooBig, match="announce 2 bytes so far, the limit is 1 "):
            machine.message()

    def test_control_frames_do_not_count(self) -> None:
        wire = b"\x02\x01a\x89\x05Hello\x80\x01b"
        machine = receiver(message_max=2, fragments_max=2)
        assert events_of([wire], machine) == [ping(b"Hello"), b"ab"]

    @pytest.mark.parametrize("fragment", [b"\x00\x00", b"\x00\x01a"])
    def test_fragments_max(self, fragment: bytes) -> None:
        """Empty ones count, the first and the last one too."""
        wire = b"\x02\x00" + fragment * 3
        good = events_of([wire + b"\x80\x00"], receiver(fragments_max=5))
        assert good == [fragment[2:] * 3]
        for pieces in feedings(wire + fragment + b"\x80\x00"):
            assert events_of(pieces, receiver(fragments_max=5)) == [Error.TOO_MANY_FRAGMENTS]

    def test_fragments_are_counted_anew(self) -> None:
        wire = b"\x02\x00\x80\x00" * 3
        assert events_of([wire], receiver(fragments_max=2)) == [b""] * 3

    def test_the_default_limits(self) -> None:
        size = 16 * 1024 * 1024
        header = b"\x82\x7f" + size.to_bytes(8, "big")
        assert events_of([header]) == []
        header = b"\x82\x7f" + (size + 1).to_bytes(8, "big")
        assert events_of([header]) == [Error.MESSAGE_TOO_BIG]
        machine = receiver()
        assert deliver(machine, b"\x02\x00" + b"\x00\x00" * 131071) == []
        assert deliver(machine, b"\x80\x00") == [Error.TOO_MANY_FRAGMENTS]


def test_a_close_payload_is_left_to_the_caller() -> None:
    """Whatever it is; `_close_payload` looks at it."""
    assert events_of([b"\x88\x01\x01"]) == [ControlFrame(Opcode.CLOSE, b"\x01")]
