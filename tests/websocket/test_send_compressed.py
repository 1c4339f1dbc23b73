"""Sending compressed messages: RFC 7692 sections 6.1 and 7.2.1, and Beast's cases W10 to W14."""

from collections.abc import Iterable

import pytest

from beastly.core import Role
from beastly.websocket._deflate import Deflater, Inflater, load_backend
from beastly.websocket._send import Piece, Sender
from beastly.websocket.rfc6455 import Opcode
from tests.support.wire import HELLO_UNMASKED, MASKING_KEY

HELLO = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"
"""`Hello` as a compressed message: RFC 7692 section 7.2.3.1."""


def _sender(
    role: Role = Role.SERVER,
    *,
    takes_over: bool = True,
    level: int = 6,
) -> Sender:
    deflater = Deflater(
        load_backend("zlib").new_compressor,
        level=level,
        mem_level=5,
        window_bits=15,
        takes_over=takes_over,
    )
    return Sender(role, entropy=lambda size: MASKING_KEY * (size // 4), deflater=deflater)


def _joined(pieces: Iterable[Piece]) -> bytes:
    return b"".join(buffer for piece in pieces for buffer in piece.buffers)


def _part(sender: Sender, data: bytes, fin: bool) -> bytes:
    return _joined(sender.pieces(Opcode.TEXT, memoryview(data), fin))


def test_the_examples_of_the_specification() -> None:
    """RFC 7692 section 7.2.3.1 and 7.2.3.2, with the context taken over and without."""
    sender = _sender()
    assert sender.message(Opcode.TEXT, b"Hello") == HELLO
    assert sender.message(Opcode.TEXT, b"Hello") == b"\xc1\x05\xf2\x00\x11\x00\x00"
    sender = _sender(takes_over=False)
    assert [sender.message(Opcode.TEXT, b"Hello") for _ in range(2)] == [HELLO, HELLO]
    assert _part(sender, b"Hello", True) == HELLO


def test_masked() -> None:
    """The compressed payload is what is masked (RFC 7692 section 6.1)."""
    masked = bytes(octet ^ MASKING_KEY[index % 4] for index, octet in enumerate(HELLO[2:]))
    sender = _sender(Role.CLIENT)
    assert sender.message(Opcode.TEXT, b"Hello") == b"\xc1\x87" + MASKING_KEY + masked


def test_empty_messages() -> None:
    """RFC 7692 section 7.2.3.6."""
    sender = _sender()
    assert sender.message(Opcode.TEXT, b"") == b"\xc1\x01\x00"
    assert sender.message(Opcode.BINARY, b"") == b"\xc2\x01\x00"
    assert _part(sender, b"", True) == b"\xc1\x01\x00"


def test_a_run_of_one_byte_shrinks() -> None:
    """W14."""
    assert len(_part(_sender(), b"*" * 256, True)) < 20


def test_control_frames_are_not_compressed() -> None:
    """RFC 7692 section 5."""
    assert _sender().control(Opcode.PING, b"Hello") == b"\x89\x05Hello"


@pytest.mark.parametrize("sender", [_sender(), _sender(takes_over=False)])
def test_switched_off(sender: Sender) -> None:
    """W11: `compress` is asked when a message begins."""
    sender.compress = False
    assert sender.message(Opcode.TEXT, b"Hello") == HELLO_UNMASKED
    wire = _part(sender, b"Hel", False)
    sender.compress = True
    assert wire + _part(sender, b"lo", True) == b"\x01\x03Hel\x80\x02lo"
    wire = _part(sender, b"Hel", False)
    sender.compress = False
    wire += _part(sender, b"lo", True)
    assert wire[0] == 0x41
    assert _payload(wire) == b"Hello"


def test_small_messages_are_not_compressed() -> None:
    """W12: what has fewer bytes than the threshold; of a message in parts the first one decides.

    Item 7 of Beast's defects: a part that is not compressed loses those before it.
    """
    sender = _sender()
    sender.deflated_min = 5
    assert sender.message(Opcode.TEXT, b"Hell") == b"\x81\x04Hell"
    assert sender.message(Opcode.TEXT, b"Hello") == HELLO
    wire = _part(sender, b"Hello", False)
    for part in (b"", b"!", b"Hello"):
        wire += _part(sender, part, False)
    wire += _part(sender, b"", True)
    assert wire[0] == 0x41
    assert _payload(wire, b"Hello") == b"Hello!Hello"
    assert _part(sender, b"Hell", False) + _part(sender, b"Hello" * 9, True) == (
        b"\x01\x04Hell\x80\x2d" + b"Hello" * 9
    )


def test_each_part_is_a_frame_of_its_own() -> None:
    """W10: the first part brings something too, and RSV1 stands in the first frame alone."""
    sender = _sender()
    first, second = _part(sender, b"Hel", False), _part(sender, b"", False)
    third = _part(sender, b"lo", True)
    assert (first[0], second[0], third[0]) == (0x41, 0x00, 0x80)
    assert _payload(first) == b"Hel"
    assert _payload(first + second) == b"Hel"
    assert _payload(first + second + third) == b"Hello"
    assert _part(sender, b"Hello", True)[0] == 0xC1


def test_fragments_of_what_is_compressed() -> None:
    """`auto_fragment` bounds the frames as they are sent, not the message as it is written."""
    sender = _sender(level=0)
    sender.auto_fragment = True
    sender.write_buffer_bytes = 8
    # A block without compression: one byte, two lengths, the bytes, and one byte more.
    wire = _part(sender, b"12345678", True)
    block = b"\x00\x08\x00\xf7\xff12345678\x00"
    assert wire == b"\x41\x08" + block[:8] + b"\x80\x06" + block[8:]
    sender = _sender()
    sender.auto_fragment = True
    sender.write_buffer_bytes = 16
    assert _part(sender, b"*" * 1000, True)[0] == 0xC1


def test_a_large_message() -> None:
    data = b"".join(b"%d " % (number * number) for number in range(40_000))
    wire = _part(_sender(), data, True)
    assert wire[:2] == b"\xc1\x7f"
    assert len(wire) < len(data) / 2
    assert _payload(wire) == data


def test_what_is_not_sent_is_forgotten() -> None:
    """What comes then refers to nothing that the peer has not seen."""
    sender = _sender()
    sender.message(Opcode.TEXT, b"Hello")
    sender.forget()
    assert sender.message(Opcode.TEXT, b"Hello") == HELLO
    plain = Sender(Role.SERVER)
    plain.forget()
    assert plain.message(Opcode.TEXT, b"Hello") == HELLO_UNMASKED


def _payload(wire: bytes, before: bytes = b"") -> bytes:
    """Inflate the frames of one message, or of its first part, whose headers are skipped.

    `before` is the message that it may refer to, as the first one of the connection.
    """
    inflater = Inflater(load_backend("zlib"), window_bits=15, takes_over=True)
    if before:
        inflater.feed(_part(_sender(), before, True)[2:])
        assert inflater.inflate(1 << 20) == before
        inflater.finish()
    inflated = b""
    while wire:
        length, size = wire[1], 2
        if length == 126:
            length, size = int.from_bytes(wire[2:4], "big"), 4
        elif length == 127:
            length, size = int.from_bytes(wire[2:10], "big"), 10
        if length:
            inflater.feed(wire[size : size + length])
            inflated += inflater.inflate(1 << 24)
        wire = wire[size + length :]
    return inflated
