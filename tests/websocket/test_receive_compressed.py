"""Receiving compressed messages: RFC 7692 sections 6.2 and 7.2.2, Beast's cases R2.24 to R3.23."""

import os
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastly.core import ReceiveBuffer, Role
from beastly.websocket._deflate import Inflater, load_backend
from beastly.websocket._receive import ControlFrame, Receiver
from beastly.websocket.error import Error, MessageTooBig, ProtocolViolation
from tests.support.feeding import feedings, with_trailing
from tests.support.receiving import Event, deliver, events_of, frame, ping
from tests.support.wire import MASKING_KEY

HELLO = bytes.fromhex("f2 48 cd c9 c9 07 00")
"""`Hello`: RFC 7692 section 7.2.3.1."""

AGAIN = bytes.fromhex("f2 00 11 00 00")
"""`Hello` behind the first one: section 7.2.3.2."""

_MIB = 1 << 20


def _receiver(
    role: Role = Role.CLIENT,
    data: bytes = b"",
    *,
    message_max: int = 16 * _MIB,
    fragments_max: int = 131072,
    takes_over: bool = True,
) -> Receiver:
    """A machine that inflates. A client's by default: frames need no mask then."""
    return Receiver(
        role,
        ReceiveBuffer(data),
        message_max=message_max,
        fragments_max=fragments_max,
        inflater=Inflater(load_backend("zlib"), window_bits=15, takes_over=takes_over),
    )


def _deflated(data: bytes) -> bytes:
    """The payload of one message, compressed without regard to others."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


_VALID: list[tuple[str, bytes, list[Event]]] = [
    ("7.2.3.1", b"\xc1\x07" + HELLO, ["Hello"]),
    ("7.2.3.1, two fragments", b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00", ["Hello"]),
    ("7.2.3.2", b"\xc1\x07" + HELLO + b"\xc1\x05" + AGAIN, ["Hello", "Hello"]),
    ("7.2.3.3", b"\xc1\x0b\x00\x05\x00\xfa\xffHello\x00", ["Hello"]),
    ("7.2.3.4", b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00", ["Hello"]),
    (
        "7.2.3.4, and the next message",
        b"\xc2\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00\xc1\x07" + HELLO,
        [b"Hello", "Hello"],
    ),
    (
        "7.2.3.5",
        b"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        ["Hello"],
    ),
    ("7.2.3.6", b"\xc1\x01\x00", [""]),
    ("empty, binary", b"\xc2\x01\x00\xc2\x01\x00", [b"", b""]),
    ("no bytes at all", b"\xc1\x00\xc1\x07" + HELLO, ["", "Hello"]),
    ("binary", b"\xc2\x07" + HELLO, [b"Hello"]),
    ("some are not compressed", b"\x81\x01a\xc1\x07" + HELLO + b"\x82\x01b", ["a", "Hello", b"b"]),
    (
        "the context outlasts what is not compressed",
        b"\xc1\x07" + HELLO + b"\x81\x05Hello\xc1\x05" + AGAIN,
        ["Hello", "Hello", "Hello"],
    ),
    (
        "control frames between the fragments",
        b"\x41\x03\xf2\x48\xcd\x89\x01?\x00\x02\xc9\xc9\x80\x02\x07\x00",
        [ping(b"?"), "Hello"],
    ),
    ("empty fragments", b"\x41\x00\x00\x07" + HELLO + b"\x00\x00\x80\x00", ["Hello"]),
]


@pytest.mark.parametrize(
    ("wire", "expected"), [pytest.param(wire, events, id=name) for name, wire, events in _VALID]
)
def test_valid(wire: bytes, expected: list[Event]) -> None:
    """Whole, at every cut, and byte by byte; the next frame behind it does not matter."""
    for pieces in feedings(wire):
        assert events_of(pieces, _receiver()) == expected
    for pieces in with_trailing(wire, b"\x89\x03"):
        assert events_of(pieces, _receiver()) == expected


def test_masked() -> None:
    """RFC 7692 section 6.2: what is unmasked is what is inflated."""
    wire = frame(0x41, HELLO[:3], MASKING_KEY) + frame(0x80, HELLO[3:], b"\x01\x02\x03\x04")
    for pieces in feedings(wire):
        assert events_of(pieces, _receiver(Role.SERVER)) == ["Hello"]


def test_without_taking_over() -> None:
    """R2.26: each message stands by itself."""
    wire = (b"\xc1\x07" + HELLO) * 3
    for pieces in feedings(wire):
        assert events_of(pieces, _receiver(takes_over=False)) == ["Hello"] * 3
    wire = b"\xc1\x07" + HELLO + b"\xc1\x05" + AGAIN
    expected = ["Hello", Error.BAD_COMPRESSED_PAYLOAD]
    assert events_of([wire], _receiver(takes_over=False)) == expected


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        pytest.param(b"\xc1\x01\x73", Error.BAD_COMPRESSED_PAYLOAD, id="R3.19"),
        pytest.param(b"\xc1\x03\xf2\x48\xcd", Error.BAD_COMPRESSED_PAYLOAD, id="cut off"),
        pytest.param(b"\xc1\x01\xff", Error.BAD_COMPRESSED_PAYLOAD, id="no such block"),
        pytest.param(b"\x41\x01\xff", Error.BAD_COMPRESSED_PAYLOAD, id="in the first fragment"),
        pytest.param(b"\xc1\x7e\x01\x00\xff", Error.BAD_COMPRESSED_PAYLOAD, id="early"),
        # RSV1 stands in the first frame alone (section 6.1).
        pytest.param(b"\x41\x01\xf2\xc0\x01\x48", Error.BAD_RESERVED_BITS, id="R3.5"),
        pytest.param(b"\x01\x01a\xc0\x01\x48", Error.BAD_RESERVED_BITS, id="begun without"),
        pytest.param(b"\xc9\x01a", Error.BAD_RESERVED_BITS, id="a compressed ping"),
        pytest.param(b"\xe1\x07" + HELLO, Error.BAD_RESERVED_BITS, id="RSV2 too"),
        # What is inflated is what has to be UTF-8.
        pytest.param(b"\xc1\x04\xaa\xfa\x0f\x00", Error.BAD_FRAME_PAYLOAD, id="a byte of ff"),
    ],
)
def test_faults(wire: bytes, code: Error) -> None:
    for pieces in feedings(wire):
        assert events_of(pieces, _receiver()) == [code]
    # Nothing of it is left over for what comes then.
    machine = _receiver(data=wire)
    for _ in range(2):
        with pytest.raises(ProtocolViolation) as caught:
            machine.message()
        assert caught.value.code is code
    with pytest.raises(ProtocolViolation):
        machine.some(1)


def test_random_bytes() -> None:
    """R2.25: an error, and no other than these."""
    for _ in range(200):
        wire = b"\xc2\x40" + os.urandom(64)
        events = events_of([wire], _receiver())
        assert len(events) == 1
        assert isinstance(events[0], bytes) or events[0] is Error.BAD_COMPRESSED_PAYLOAD


@pytest.mark.parametrize("tail", [b"\xe2\x82\xac", b"\xf4\x8f\xbf\xbf"])
def test_text_is_checked_as_it_is_inflated(tail: bytes) -> None:
    """RFC 6455 section 8.1: within a frame, across fragments, and at the end."""
    text = b"x" * 100_000 + tail
    payload = _deflated(text)
    assert events_of([frame(0xC1, payload)], _receiver()) == [text.decode()]
    cut_off = _deflated(text[:-1])
    assert events_of([frame(0xC1, cut_off)], _receiver()) == [Error.BAD_FRAME_PAYLOAD]
    # It fails before its end has come.
    wrong = _deflated(b"\xff" + os.urandom(50_000))
    assert events_of([frame(0xC1, wrong)[:40_000]], _receiver()) == [Error.BAD_FRAME_PAYLOAD]


class TestLimits:
    """What may come: RFC 6455 section 10.4, RFC 7692 section 8."""

    @pytest.mark.parametrize("size", [1, 31, 32, 65535, 65536, 65537, 200_000])
    def test_the_limit_counts_what_comes_out(self, size: int) -> None:
        """R2.24: exactly the limit is allowed, one byte more is not; random bytes grow."""
        for data in (bytes(size), os.urandom(size)):
            wire = frame(0xC2, _deflated(data))
            assert events_of([wire], _receiver(message_max=size)) == [data]
            assert events_of([wire], _receiver(message_max=0)) == [data]
            if size > 1:
                events = events_of([wire], _receiver(message_max=size - 1))
                assert events == [Error.MESSAGE_TOO_BIG]

    def test_across_fragments(self) -> None:
        """The sum of what comes out of the fragments; it fails as soon as it is too much."""
        packer = zlib.compressobj(wbits=-15)
        parts = [
            packer.compress(bytes(40)) + packer.flush(zlib.Z_SYNC_FLUSH) for _ in range(3)
        ]
        wire = frame(0x42, parts[0]) + frame(0x00, parts[1]) + frame(0x00, parts[2])
        assert events_of([wire], _receiver(message_max=120)) == []
        assert events_of([wire], _receiver(message_max=119)) == [Error.MESSAGE_TOO_BIG]
        with pytest.raises(MessageTooBig, match="once it is inflated, the limit is 79"):
            _receiver(data=wire, message_max=79).message()

    def test_in_parts(self) -> None:
        machine = _receiver(data=frame(0xC2, _deflated(bytes(100))), message_max=99)
        assert [machine.some(30) for _ in range(3)] == [bytes(30)] * 3
        with pytest.raises(MessageTooBig):
            machine.some(30)

    def test_a_limit_that_is_lowered_within_a_message(self) -> None:
        machine = _receiver(data=frame(0xC2, _deflated(bytes(100_000))))
        assert machine.some(70_000) == bytes(70_000)
        machine.message_max = 10
        with pytest.raises(MessageTooBig, match="the limit is 10"):
            machine.message()

    def test_an_enormous_length(self) -> None:
        """R3.22: it is refused before anything is inflated, however little that would be."""
        header = b"\xc2\x7f\x00\x00\x00\xff\xff\xff\xff\xff"
        with pytest.raises(MessageTooBig, match="compressed bytes so far, the limit is 17408"):
            _receiver(data=header, message_max=2048).message()
        machine = _receiver(data=header, message_max=0)
        assert machine.message() is None
        assert not machine.window_size

    def test_blocks_without_contents(self) -> None:
        """A message that never gets anywhere ends some time, at its header or by its fragments."""
        nothing = b"\x00\x00\x00\xff\xff" * 300
        wire = frame(0x42, nothing) + frame(0x00, nothing) * 10
        assert events_of([wire], _receiver(message_max=100)) == [Error.MESSAGE_TOO_BIG]
        wire = frame(0x42, b"") + frame(0x00, b"") * 10
        assert events_of([wire], _receiver(fragments_max=10)) == [Error.TOO_MANY_FRAGMENTS]
        assert events_of([wire], _receiver(fragments_max=11)) == []

    def test_flushed_after_every_byte(self) -> None:
        """The most wasteful peer that makes any sense is within the limits."""
        packer = zlib.compressobj(wbits=-15)
        data = os.urandom(1000)
        payload = b"".join(
            packer.compress(data[at : at + 1]) + packer.flush(zlib.Z_SYNC_FLUSH)
            for at in range(len(data))
        )
        assert len(payload) > 6 * len(data)
        assert events_of([frame(0xC2, payload[:-4])], _receiver(message_max=1000)) == [data]

    @pytest.mark.parametrize("whole", [True, False])
    def test_a_bomb(self, whole: bool) -> None:
        """1 GiB of zeros in 1 MiB stops at the limit, with less than twice the memory."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        block = packer.compress(bytes(_MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
        bomb = frame(0xC2, block * 1024)
        assert len(bomb) < 1.1 * _MIB
        limit = 16 * _MIB
        machine = _receiver(message_max=limit)
        total = 0
        tracemalloc.start()
        try:
            with pytest.raises(MessageTooBig, match="once it is inflated"):
                for at in range(0, len(bomb), 16384):
                    machine.buffer.feed(bomb[at : at + 16384])
                    while item := machine.message() if whole else machine.some(65536):
                        assert isinstance(item, bytes)
                        total += len(item)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert total <= limit
        assert peak < (2 * limit if whole else 400_000)


class TestSome:
    """`some` hands out what there is of a compressed message."""

    @pytest.mark.parametrize("limit", range(1, 13))
    def test_up_to_the_limit(self, limit: int) -> None:
        """R2.30, R2.31; that the end was reached is known with the last byte."""
        machine = _receiver(data=(b"\xc2\x07" + HELLO) * 2)
        for _ in range(2):
            taken = b""
            while not taken or not machine.message_done:
                assert len(taken) < 5
                item = machine.some(limit)
                assert isinstance(item, bytes)
                assert 1 <= len(item) <= limit
                taken += item
            assert taken == b"Hello"
        assert machine.some(limit) is None

    def test_an_empty_message(self) -> None:
        machine = _receiver(data=b"\xc1\x01\x00\xc1\x00")
        for _ in range(2):
            assert machine.some(10) == b""
            assert machine.message_done

    def test_an_end_without_bytes(self) -> None:
        """What ends the message came after all its bytes had been handed out."""
        machine = _receiver(data=b"\x42\x07" + HELLO)
        assert machine.some(100) == b"Hello"
        assert not machine.message_done
        assert machine.some(100) is None
        machine.buffer.feed(b"\x80\x00")
        assert machine.some(100) == b""
        assert machine.message_done

    def test_as_it_arrives(self) -> None:
        machine = _receiver(Role.SERVER, frame(0xC1, HELLO, MASKING_KEY)[:10])
        assert machine.some(100) == b"Hel"
        assert machine.some(100) is None
        assert machine.size_hint(1536) == 1536
        machine.buffer.feed(frame(0xC1, HELLO, MASKING_KEY)[10:])
        assert machine.some(100) == b"lo"
        assert machine.message_done

    def test_then_the_rest(self) -> None:
        machine = _receiver(data=b"\xc1\x07" + HELLO + b"\xc1\x05" + AGAIN)
        assert machine.some(2) == b"He"
        assert machine.message() == b"llo"
        assert machine.message() == "Hello"

    def test_what_is_large_is_not_gathered(self) -> None:
        """A part is all the memory that is needed; the message has no limit here."""
        block = zlib.compressobj(9, zlib.DEFLATED, -15)
        deflated = block.compress(bytes(_MIB)) + block.flush(zlib.Z_FULL_FLUSH)
        machine = _receiver(data=frame(0xC2, (deflated * 64)[:-4]), message_max=0)
        total = 0
        tracemalloc.start()
        try:
            while not total or not machine.message_done:
                item = machine.some(65536)
                assert isinstance(item, bytes)
                total += len(item)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert total == 64 * _MIB
        assert peak < 600_000

    def test_faults(self) -> None:
        machine = _receiver(data=b"\xc1\x08\xf2\x48\xcd\xc9\xc9\x07\x00\xff")
        for _ in range(2):
            with pytest.raises(ProtocolViolation) as caught:
                machine.some(100)
            assert caught.value.code is Error.BAD_COMPRESSED_PAYLOAD


def test_a_text_three_times_byte_by_byte() -> None:
    """R3.23: 2.7 kB of text, which refers back to itself more each time."""
    text = "".join(f"line {number} of the text\n" for number in range(120))
    packer = zlib.compressobj(wbits=-15)
    payloads = [
        (packer.compress(text.encode()) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4] for _ in range(3)
    ]
    wire = b"".join(frame(0xC1, payload) for payload in payloads)
    assert len(payloads[1]) < len(payloads[0]) / 4
    assert events_of((wire[at : at + 1] for at in range(len(wire))), _receiver()) == [text] * 3
    machine = _receiver(data=wire)
    taken = b"".join(_bytes_of(machine))
    assert taken.decode() == text * 3


def test_blocks_that_span_what_is_received() -> None:
    """R3.21: the blocks of large messages, received 16 KiB at a time, larger and smaller ones."""
    machine = _receiver()
    for size in (50, 3000, 200_000, 70, 1_000_000, 16_384):
        data = b"".join(b"%d " % (number * 7919 % 65537) for number in range(size // 6))
        assert deliver(machine, frame(0xC2, _deflated(data))) == [data]


def _bytes_of(machine: Receiver) -> Iterator[bytes]:
    """All that is left of the messages in the buffer, one byte at a time."""
    while (item := machine.some(1)) is not None:
        assert isinstance(item, bytes)
        yield item


@given(
    messages=st.lists(
        st.tuples(st.booleans(), st.lists(st.binary(max_size=300), min_size=1, max_size=4)),
        max_size=6,
    ),
    window_bits=st.integers(9, 15),
    takes_over=st.booleans(),
    cut=st.integers(1, 500),
    key=st.binary(min_size=4, max_size=4),
)
def test_any_messages(
    messages: list[tuple[bool, list[bytes]]],
    window_bits: int,
    takes_over: bool,
    cut: int,
    key: bytes,
) -> None:
    """Compressed or not, in any fragments, cut anywhere, by `message` and by `some`."""
    packer = zlib.compressobj(wbits=-window_bits)
    wire = b""
    for compressed, parts in messages:
        if not takes_over:
            packer = zlib.compressobj(wbits=-window_bits)
        for number, part in enumerate(parts):
            fin = number == len(parts) - 1
            first = (0x80 if fin else 0) | (0 if number else 0x42 if compressed else 0x02)
            if compressed:
                part = packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)
                part = part[:-4] if fin else part
            wire += frame(first, part, key)
    expected = [b"".join(parts) for _, parts in messages]
    inflater = Inflater(load_backend("zlib"), window_bits=window_bits, takes_over=takes_over)
    machine = Receiver(Role.SERVER, ReceiveBuffer(), inflater=inflater)
    pieces = [wire[at : at + cut] for at in range(0, len(wire), cut)]
    assert events_of(pieces, machine) == expected

    inflater = Inflater(load_backend("zlib"), window_bits=window_bits, takes_over=takes_over)
    machine = Receiver(Role.SERVER, ReceiveBuffer(), inflater=inflater)
    taken = b""
    for piece in pieces:
        machine.buffer.feed(piece)
        while (item := machine.some(cut)) is not None:
            assert not isinstance(item, ControlFrame)
            taken += item
    assert machine.message_done
    assert taken == b"".join(expected)
