"""The codec of frame headers: RFC 6455 section 5.2, and Beast's cases R3 and F3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastly.websocket._frame import (
    RSV1,
    FrameHeader,
    frame,
    frame_header,
    parse_header,
    whole_frame,
)
from beastly.websocket.error import Error, ProtocolViolation
from tests.support.wire import MASKING_KEY

_KEY = MASKING_KEY

# Opcode, FIN, payload length, masking key, and the header, written out by hand.
_HEADERS = [
    (0x1, True, 5, b"", b"\x81\x05"),  # Section 5.7, as the six that follow.
    (0x1, True, 5, _KEY, b"\x81\x85\x37\xfa\x21\x3d"),
    (0x1, False, 3, b"", b"\x01\x03"),
    (0x0, True, 2, b"", b"\x80\x02"),
    (0x9, True, 5, b"", b"\x89\x05"),
    (0x2, True, 256, b"", b"\x82\x7e\x01\x00"),
    (0x2, True, 65536, b"", b"\x82\x7f\0\0\0\0\0\x01\0\0"),  # F3
    (0x0, False, 0, b"", b"\x00\x00"),
    (0x2, False, 0, _KEY, b"\x02\x80\x37\xfa\x21\x3d"),
    (0x8, True, 125, _KEY, b"\x88\xfd\x37\xfa\x21\x3d"),
    (0xA, True, 0, b"", b"\x8a\x00"),
    (0x1, True, 125, b"", b"\x81\x7d"),
    (0x1, True, 126, b"", b"\x81\x7e\x00\x7e"),
    (0x1, True, 127, _KEY, b"\x81\xfe\x00\x7f\x37\xfa\x21\x3d"),
    (0x2, True, 65535, b"", b"\x82\x7e\xff\xff"),
    (0x2, True, 65536, _KEY, b"\x82\xff\0\0\0\0\0\x01\0\0\x37\xfa\x21\x3d"),
    (0x2, True, 2**63 - 1, b"", b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"),
]


@pytest.mark.parametrize(("opcode", "fin", "length", "key", "wire"), _HEADERS)
def test_made(opcode: int, fin: bool, length: int, key: bytes, wire: bytes) -> None:
    assert frame_header(opcode, fin, length, key) == wire


@pytest.mark.parametrize(("opcode", "fin", "length", "key", "wire"), _HEADERS)
def test_parsed(opcode: int, fin: bool, length: int, key: bytes, wire: bytes) -> None:
    """Whole, at every cut, with trailing data and in the midst of a buffer."""
    expected = FrameHeader(fin, opcode, key, length, len(wire))
    masked, in_message = bool(key), opcode == 0
    for count in range(len(wire)):
        assert parse_header(wire[:count], 0, masked, in_message) is None
    assert parse_header(wire, 0, masked, in_message) == expected
    assert parse_header(wire + b"\xff\xff", 0, masked, in_message) == expected
    assert parse_header(b"\xff\xff" + wire, 2, masked, in_message) == expected


@given(
    st.sampled_from([0x1, 0x2]),
    st.booleans(),
    st.integers(0, 2**63 - 1) | st.integers(0, 70000),
    st.just(b"") | st.binary(min_size=4, max_size=4),
)
def test_what_is_made_is_parsed(opcode: int, fin: bool, length: int, key: bytes) -> None:
    wire = frame_header(opcode, fin, length, key)
    expected = FrameHeader(fin, opcode, key, length, len(wire))
    assert parse_header(wire, 0, bool(key), False) == expected
    # RFC 7692 section 6: the same of a compressed message.
    wire = frame_header(opcode | RSV1, fin, length, key)
    assert parse_header(wire, 0, bool(key), False, True) == expected._replace(compressed=True)


@pytest.mark.parametrize("masked", [False, True])
def test_the_bit_that_marks_a_compressed_message(masked: bool) -> None:
    """RFC 7692 section 6: the first frame of a message has it, where it was agreed on.

    What is not compressed may come all the same; Beast's case R3.5 has continuations with it.
    """
    second, key = (b"\x80", _KEY) if masked else (b"\x00", b"")
    for first, in_message, compressed in (
        (0x41, False, True),
        (0xC2, False, True),
        (0x01, False, False),
        (0x82, False, False),
        (0x80, True, False),
        (0x89, True, False),
    ):
        header = parse_header(bytes([first]) + second + key, 0, masked, in_message, True)
        assert header is not None
        assert header.compressed is compressed
        assert (header.fin, header.opcode) == (first >= 0x80, first & 0x0F)
    for first in (0xC0, 0x40, 0xC8, 0xC9, 0xCA, 0xE1, 0xD1, 0xF2, 0xA1, 0x91):
        in_message = first & 0x0F == 0
        with pytest.raises(ProtocolViolation) as caught:
            parse_header(bytes([first]) + second + key, 0, masked, in_message, True)
        assert caught.value.code is Error.BAD_RESERVED_BITS


def _code(wire: bytes, masked: bool, in_message: bool) -> Error | None:
    try:
        header = parse_header(wire, 0, masked, in_message)
    except ProtocolViolation as error:
        return error.code
    assert header is None
    return None


# The header, whether it has to be masked, whether a message is in progress, what is wrong, and how
# many of its bytes prove it.
_FAULTS = [
    # R3.6, Autobahn 4.1 and 4.2: reserved opcodes.
    *(
        pytest.param(
            bytes([fin | opcode, 0]), False, busy, Error.BAD_OPCODE, 1, id=f"opcode {opcode}"
        )
        for fin in (0x00, 0x80)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        for busy in (False, True)
    ),
    # R3.3, R3.5, R3.9, Autobahn 3: reserved bits, on every kind of frame.
    *(
        pytest.param(
            bytes([0x80 | rsv << 4 | opcode, 1]),
            False,
            opcode == 0,
            Error.BAD_RESERVED_BITS,
            2,
            id=f"RSV {rsv} opcode {opcode}",
        )
        for rsv in range(1, 8)
        for opcode in (0x0, 0x1, 0x2, 0x8, 0x9, 0xA)
    ),
    pytest.param(b"\x80\x01", False, False, Error.BAD_CONTINUATION, 1, id="R3.4"),
    pytest.param(b"\x00\x01", False, False, Error.BAD_CONTINUATION, 1, id="Autobahn 5.12"),
    pytest.param(b"\x81\x01", False, True, Error.BAD_DATA_FRAME, 1, id="R3.2"),
    pytest.param(b"\x02\x01", False, True, Error.BAD_DATA_FRAME, 1, id="binary inside a message"),
    pytest.param(b"\x09\x01", False, False, Error.BAD_CONTROL_FRAGMENT, 1, id="R3.7, P10"),
    pytest.param(b"\x0a\x00", False, True, Error.BAD_CONTROL_FRAGMENT, 1, id="Autobahn 5.2"),
    pytest.param(b"\x08\x00", False, True, Error.BAD_CONTROL_FRAGMENT, 1, id="close without FIN"),
    pytest.param(b"\x89\x7e\x01\x01", False, False, Error.BAD_CONTROL_SIZE, 2, id="R3.8"),
    pytest.param(b"\x89\x7e\x00\x7e", False, True, Error.BAD_CONTROL_SIZE, 2, id="Autobahn 2.5"),
    pytest.param(b"\x88\xff", True, False, Error.BAD_CONTROL_SIZE, 2, id="close in the long form"),
    pytest.param(b"\x81\x01", True, False, Error.BAD_UNMASKED_FRAME, 2, id="R3.10"),
    pytest.param(b"\x89\x00", True, False, Error.BAD_UNMASKED_FRAME, 2, id="unmasked ping"),
    pytest.param(b"\x81\x80\xff\xff\xff\xff", False, False, Error.BAD_MASKED_FRAME, 2, id="R3.11"),
    pytest.param(b"\x88\x80", False, False, Error.BAD_MASKED_FRAME, 2, id="masked close"),
    pytest.param(b"\x81\x7e\x00\x7d", False, False, Error.BAD_SIZE, 4, id="R3.13"),
    pytest.param(b"\x82\xfe\x00\x00", True, False, Error.BAD_SIZE, 4, id="no bytes in 16 bits"),
    pytest.param(b"\x81\x7f\0\0\0\0\0\0\xff\xff", False, False, Error.BAD_SIZE, 10, id="R3.14"),
    pytest.param(b"\x81\x7f" + bytes(8), False, False, Error.BAD_SIZE, 10, id="0 in 64 bits"),
    pytest.param(b"\x81\x7f" + b"\xff" * 8, False, False, Error.BAD_SIZE, 10, id="R3.15"),
    pytest.param(b"\x82\xff\x80" + b"\0" * 7, True, False, Error.BAD_SIZE, 10, id="the top bit"),
    # Two rules broken at once: the order is Beast's.
    pytest.param(b"\xc1\x01", False, True, Error.BAD_DATA_FRAME, 1, id="data frame, RSV"),
    pytest.param(b"\xc0\x01", False, False, Error.BAD_CONTINUATION, 1, id="continuation, RSV"),
    pytest.param(b"\xc3\x01", False, False, Error.BAD_OPCODE, 1, id="opcode, RSV"),
    pytest.param(b"\x39\x7e", False, False, Error.BAD_CONTROL_FRAGMENT, 1, id="FIN, size"),
    pytest.param(b"\xb9\x7e", False, False, Error.BAD_CONTROL_SIZE, 2, id="size, RSV"),
    pytest.param(b"\x89\xfe", False, False, Error.BAD_CONTROL_SIZE, 2, id="size, mask"),
    pytest.param(b"\xb1\x81", False, False, Error.BAD_RESERVED_BITS, 2, id="RSV, mask"),
    pytest.param(b"\x81\x7e\x00\x01", True, False, Error.BAD_UNMASKED_FRAME, 2, id="mask, size"),
]


@pytest.mark.parametrize(("wire", "masked", "in_message", "code", "proof"), _FAULTS)
def test_refused_as_soon_as_proven(
    wire: bytes, masked: bool, in_message: bool, code: Error, proof: int
) -> None:
    for count in range(proof):
        assert _code(wire[:count], masked, in_message) is None
    for count in range(proof, len(wire) + 1):
        assert _code(wire[:count], masked, in_message) is code
    assert _code(wire + b"\x00\xff\x00", masked, in_message) is code


@pytest.mark.parametrize(
    ("wire", "masked", "in_message", "words"),
    [
        (b"\x83", False, False, "the frame begins with 83, opcode 3"),
        (b"\x80", False, False, "the frame begins with 80"),
        (b"\x81", False, True, "the frame begins with 81, opcode 1"),
        (b"\x09", False, False, "the frame begins with 09, without FIN"),
        (b"\xb1\x01", False, False, "the frame begins with b1 01"),
        (b"\x81\x7e\x00\x7d", False, False, "125 came in a header of 4 bytes"),
        (b"\x81\x7f" + b"\xff" * 8, False, False, "18446744073709551615 came"),
    ],
)
def test_a_fault_tells_what_came(
    wire: bytes, masked: bool, in_message: bool, words: str
) -> None:
    with pytest.raises(ProtocolViolation, match=f"; {words}.* \\(RFC 6455 section 5") as caught:
        parse_header(wire, 0, masked, in_message)
    assert caught.value.code.message in str(caught.value)


# Opcode, masking key, payload, and the frame. The first are of section 5.7.
_FRAMES = [
    (0x1, b"", b"Hello", b"\x81\x05Hello"),
    (0x1, _KEY, b"Hello", b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
    (0x2, b"", bytes(256), b"\x82\x7e\x01\x00" + bytes(256)),
    (0x2, b"", b"", b"\x82\x00"),
    (0x2, _KEY, b"", b"\x82\x80\x37\xfa\x21\x3d"),
    (0x2, b"", bytes(125), b"\x82\x7d" + bytes(125)),
    (0x2, b"", bytes(126), b"\x82\x7e\x00\x7e" + bytes(126)),
    (0x2, _KEY, bytes(128), b"\x82\xfe\x00\x80" + _KEY * 33),
    (0x1 | RSV1, b"", b"\xf2\x48", b"\xc1\x02\xf2\x48"),
    (0x2 | RSV1, _KEY, b"\0\0\0\0", b"\xc2\x84" + _KEY * 2),
    (0x2, b"", bytes(65535), b"\x82\x7e\xff\xff" + bytes(65535)),
]


@pytest.mark.parametrize(("opcode", "key", "payload", "wire"), _FRAMES)
def test_a_whole_frame_is_made(opcode: int, key: bytes, payload: bytes, wire: bytes) -> None:
    assert frame(opcode, payload, key) == wire
    assert frame(opcode, memoryview(b"x" + payload)[1:], key) == wire


@pytest.mark.parametrize(
    ("opcode", "key", "size", "head"),
    [
        (0x9, b"", 5, b"\x89\x05"),
        (0xA, _KEY, 0, b"\x8a\x80\x37\xfa\x21\x3d"),
        (0x2, b"", 65536, b"\x82\x7f\0\0\0\0\0\x01\0\0"),
        (0x2, _KEY, 65536, b"\x82\xff\0\0\0\0\0\x01\0\0\x37\xfa\x21\x3d"),
    ],
)
def test_any_frame_is_made(opcode: int, key: bytes, size: int, head: bytes) -> None:
    assert frame(opcode, bytes(size), key) == head + (key * size)[:size] + bytes(
        0 if key else size
    )


@pytest.mark.parametrize(("opcode", "key", "payload", "wire"), _FRAMES)
def test_a_message_is_read_at_once(opcode: int, key: bytes, payload: bytes, wire: bytes) -> None:
    """At its end, with trailing data and in the midst of a buffer; not while it is incomplete."""
    masked, end = bool(key), len(wire)
    # Of fewer than four bytes at hand nothing is told, which only the shortest ones are.
    expected = None if end < 4 else (wire[0], payload, end)
    assert whole_frame(wire, 0, masked, 0) == expected
    assert whole_frame(wire, 0, masked, len(payload)) == expected
    assert whole_frame(wire + b"\xff\xff", 0, masked, 0) == (wire[0], payload, end)
    assert whole_frame(b"\xff\xff" + wire + b"\xff\xff", 2, masked, 0) == (
        wire[0],
        payload,
        end + 2,
    )
    for count in range(min(end, 300)):
        assert whole_frame(wire[:count], 0, masked, 0) is None
    if payload[1:]:
        assert whole_frame(wire, 0, masked, len(payload) - 1) is None


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "head",
    [
        b"\x01\x05",  # A fragment.
        b"\x80\x05",  # The end of a message.
        b"\x88\x05",  # Control frames.
        b"\x89\x05",
        b"\x8a\x05",
        b"\x83\x05",  # A reserved opcode.
        b"\xa2\x05",  # Reserved bits.
        b"\x92\x05",
        b"\xc8\x05",
        b"\x82\x7e\x00\x7d",  # Lengths in a longer form than they need.
        b"\x82\x7e\x00\x00",
        b"\x82\x7f\0\0\0\0\0\0\0\x05",
        b"\x82\x7f\0\0\0\0\0\x01\0\0",  # 64 KiB.
        b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_all_else_needs_a_closer_look(head: bytes, masked: bool) -> None:
    rest = bytes(65540)
    wire = bytes([head[0], head[1] | 0x80]) + head[2:] + _KEY if masked else head
    assert whole_frame(wire + rest, 0, masked, 0) is None


@pytest.mark.parametrize("masked", [False, True])
def test_a_wrong_mask_bit_needs_a_closer_look(masked: bool) -> None:
    wire = b"\x82\x05Hello" if masked else b"\x82\x85\x37\xfa\x21\x3dHello"
    assert whole_frame(wire + bytes(70000), 0, masked, 0) is None
