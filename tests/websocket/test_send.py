"""The sending machine: RFC 6455 sections 5.1 to 5.7 and 6.1, and Beast's cases W2 to W9."""

import os
import tracemalloc
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol
from wsproto.frame_protocol import Opcode as PeerOpcode

from beastly.core import Role
from beastly.websocket._codec import MASKED_PIECE
from beastly.websocket._send import JOINED_MAX, Piece, Sender
from beastly.websocket.rfc6455 import CloseReason, Opcode
from tests.support.wire import (
    BINARY_256_HEADER,
    HELLO_FRAGMENT_1,
    HELLO_FRAGMENT_2,
    HELLO_MASKED,
    HELLO_UNMASKED,
    MASKING_KEY,
    PING_UNMASKED,
    PONG_MASKED,
)


def _same_key(size: int) -> bytes:
    """The masking key of the specification's examples, over and over."""
    return MASKING_KEY * (size // 4)


def _counting() -> Callable[[int], bytes]:
    """Entropy whose keys are all different: 1, 2, 3 ... as four bytes."""
    drawn = iter(range(1, 1_000_000))

    def entropy(size: int) -> bytes:
        return b"".join(next(drawn).to_bytes(4, "big") for _ in range(size // 4))

    return entropy


def _server() -> Sender:
    return Sender(Role.SERVER)


def _client() -> Sender:
    return Sender(Role.CLIENT, entropy=_same_key)


def _joined(pieces: Iterable[Piece]) -> bytes:
    return b"".join(buffer for piece in pieces for buffer in piece.buffers)


def _whole(sender: Sender, opcode: Opcode, data: bytes) -> bytes:
    """Return the wire of a whole message, in one block or in pieces."""
    frame = sender.message(opcode, data)
    return _joined(sender.pieces(opcode, memoryview(data), True)) if frame is None else frame


def _xor(data: bytes, key: bytes) -> bytes:
    return bytes(octet ^ key[index % 4] for index, octet in enumerate(data))


class TestMessage:
    """Whole messages as one block of bytes."""

    def test_examples_of_the_specification(self) -> None:
        """Section 5.7."""
        assert _server().message(Opcode.TEXT, b"Hello") == HELLO_UNMASKED
        assert _client().message(Opcode.TEXT, b"Hello") == HELLO_MASKED
        data = bytes(range(256))
        assert _server().message(Opcode.BINARY, data) == BINARY_256_HEADER + data

    def test_the_largest(self) -> None:
        data = bytes(JOINED_MAX)
        assert _server().message(Opcode.BINARY, data) == b"\x82\x7e\x80\x00" + data
        assert _server().message(Opcode.BINARY, data + b"\0") is None

    def test_empty(self) -> None:
        """W3."""
        assert _server().message(Opcode.TEXT, b"") == b"\x81\x00"
        assert _client().message(Opcode.BINARY, b"") == b"\x82\x80\x37\xfa\x21\x3d"

    def test_every_frame_has_a_fresh_key(self) -> None:
        """Section 5.3; more frames than one draw of entropy has keys for."""
        sender = Sender(Role.CLIENT, entropy=_counting())
        keys = {sender.control(Opcode.PING, b"")[2:] for _ in range(250)}
        keys |= {_whole(sender, Opcode.BINARY, b"")[2:] for _ in range(250)}
        assert len(keys) == 500

    def test_keys_of_the_operating_system(self) -> None:
        one, other = Sender(Role.CLIENT), Sender(Role.CLIENT)
        senders = [one, other] * 80
        keys = {_whole(sender, Opcode.BINARY, b"")[2:] for sender in senders}
        assert len(keys) == 160

    def test_fragmented(self) -> None:
        """W7, W9: with auto_fragment no frame passes the buffer; exactly its size is one frame."""
        sender = _server()
        sender.auto_fragment = True
        sender.write_buffer_bytes = 8
        assert _whole(sender, Opcode.TEXT, b"12345678") == b"\x81\x0812345678"
        expected = b"\x01\x0812345678\x00\x08abcdefgh\x80\x01!"
        assert sender.message(Opcode.TEXT, b"12345678abcdefgh!") is None
        assert _whole(sender, Opcode.TEXT, b"12345678abcdefgh!") == expected
        assert not sender.in_message

    def test_inside_a_message_it_is_the_last_part(self) -> None:
        sender = _server()
        assert _joined(sender.pieces(Opcode.TEXT, memoryview(b"Hel"), False)) == HELLO_FRAGMENT_1
        assert sender.in_message
        assert sender.message(Opcode.BINARY, b"lo") is None
        assert _whole(sender, Opcode.BINARY, b"lo") == HELLO_FRAGMENT_2
        assert not sender.in_message
        assert sender.message(Opcode.BINARY, b"lo") == b"\x82\x02lo"


class TestControl:
    """Control frames: section 5.5."""

    def test_examples_of_the_specification(self) -> None:
        """Section 5.7."""
        assert _server().control(Opcode.PING, b"Hello") == PING_UNMASKED
        assert _client().control(Opcode.PONG, b"Hello") == PONG_MASKED

    def test_the_longest(self) -> None:
        payload = bytes(125)
        assert _server().control(Opcode.PING, payload) == b"\x89\x7d" + payload
        assert _client().control(Opcode.PING, payload)[:6] == b"\x89\xfd\x37\xfa\x21\x3d"

    @pytest.mark.parametrize("sender", [_server(), _client()])
    def test_too_long(self, sender: Sender) -> None:
        with pytest.raises(ValueError, match="125 bytes at most, not 126"):
            sender.control(Opcode.PING, bytes(126))

    def test_inside_a_message(self) -> None:
        """Section 5.4: it is no part of it."""
        sender = _server()
        _joined(sender.pieces(Opcode.TEXT, memoryview(b"Hel"), False))
        assert sender.control(Opcode.PING, b"") == b"\x89\x00"
        assert _whole(sender, Opcode.TEXT, b"lo") == HELLO_FRAGMENT_2

    @pytest.mark.parametrize(
        ("reason", "wire"),
        [
            (CloseReason(), b"\x88\x00"),
            (CloseReason(1000), b"\x88\x02\x03\xe8"),
            (CloseReason(1001, "gone"), b"\x88\x06\x03\xe9gone"),
            (CloseReason(4999, "é"), b"\x88\x04\x13\x87\xc3\xa9"),
            (CloseReason(1000, "x" * 123), b"\x88\x7d\x03\xe8" + b"x" * 123),
        ],
    )
    def test_close(self, reason: CloseReason, wire: bytes) -> None:
        """Section 5.5.1."""
        assert _server().close(reason) == wire

    def test_masked_close(self) -> None:
        assert _client().close(CloseReason(1000)) == b"\x88\x82\x37\xfa\x21\x3d\x34\x12"


class TestPieces:
    """What is large, fragmented, or written in parts."""

    def test_a_small_one_is_one_block(self) -> None:
        assert list(_server().pieces(Opcode.TEXT, memoryview(b"Hello"), True)) == [
            Piece((HELLO_UNMASKED,), True)
        ]
        assert list(_client().pieces(Opcode.TEXT, memoryview(b"Hello"), True)) == [
            Piece((HELLO_MASKED,), True)
        ]

    @pytest.mark.parametrize("size", [JOINED_MAX, JOINED_MAX + 1])
    def test_a_server_sends_what_is_large_from_where_it_is(self, size: int) -> None:
        data = bytearray(size)
        [piece] = _server().pieces(Opcode.BINARY, memoryview(data), True)
        data[:] = b"x" * size
        if size > JOINED_MAX:
            assert piece.buffers == (b"\x82\x7e\x80\x01", b"x" * size)
        else:
            assert piece.buffers == (b"\x82\x7e\x80\x00" + bytes(size),)
        assert piece.ends_frame

    def test_a_client_masks_bit_by_bit(self) -> None:
        """One frame, one key, a few pieces; only the last one ends the frame."""
        data = os.urandom(MASKED_PIECE * 2 + 3)
        pieces = list(_client().pieces(Opcode.BINARY, memoryview(data), True))
        assert [piece.ends_frame for piece in pieces] == [False, False, True]
        assert [len(piece.buffers[-1]) for piece in pieces] == [MASKED_PIECE, MASKED_PIECE, 3]
        header = b"\x82\xff" + len(data).to_bytes(8, "big") + MASKING_KEY
        assert _joined(pieces) == header + _xor(data, MASKING_KEY)

    def test_a_client_with_whole_pieces_only(self) -> None:
        pieces = list(_client().pieces(Opcode.BINARY, memoryview(bytes(MASKED_PIECE * 2)), True))
        assert [piece.ends_frame for piece in pieces] == [False, True]

    def test_a_large_message_is_not_copied(self) -> None:
        data = memoryview(bytes(16 * 1024 * 1024))
        for sender, most in ((_server(), 2000), (_client(), 3 * MASKED_PIECE)):
            tracemalloc.start()
            try:
                for _ in sender.pieces(Opcode.BINARY, data, True):
                    pass
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert peak < most

    def test_fragments(self) -> None:
        """Beast's frame plan: fragments of the buffer's size, each with a key of its own."""
        sender = Sender(Role.CLIENT, entropy=_counting())
        sender.auto_fragment = True
        sender.write_buffer_bytes = 8
        pieces = list(sender.pieces(Opcode.BINARY, memoryview(bytes(17)), True))
        assert [piece.ends_frame for piece in pieces] == [True, True, True]
        frames = [piece.buffers[0] for piece in pieces]
        assert [bytes(frame[:2]) for frame in frames] == [b"\x02\x88", b"\x00\x88", b"\x80\x81"]
        assert len({bytes(frame[2:6]) for frame in frames}) == 3

    def test_parts(self) -> None:
        """W4, R2.7, and an empty last part as Beast sends it."""
        sender = _server()
        wire = _joined(sender.pieces(Opcode.TEXT, memoryview(b"Hello, "), False))
        wire += _joined(sender.pieces(Opcode.BINARY, memoryview(b""), False))
        wire += _joined(sender.pieces(Opcode.TEXT, memoryview(b"World!"), False))
        assert sender.in_message
        wire += _joined(sender.pieces(Opcode.TEXT, memoryview(b""), True))
        assert not sender.in_message
        assert wire == b"\x01\x07Hello, \x00\x00\x00\x06World!\x80\x00"

    def test_an_empty_first_part_begins_the_message(self) -> None:
        sender = _server()
        assert _joined(sender.pieces(Opcode.BINARY, memoryview(b""), False)) == b"\x02\x00"
        assert _whole(sender, Opcode.BINARY, b"x") == b"\x80\x01x"

    def test_settings_count_from_the_next_message_on(self) -> None:
        sender = _server()
        _joined(sender.pieces(Opcode.BINARY, memoryview(b"123"), False))
        sender.auto_fragment = True
        sender.write_buffer_bytes = 2
        assert _whole(sender, Opcode.BINARY, b"456") == b"\x80\x03456"
        assert _whole(sender, Opcode.BINARY, b"789") == b"\x02\x0278\x80\x019"
        _joined(sender.pieces(Opcode.BINARY, memoryview(b"1"), False))
        sender.auto_fragment = False
        assert _whole(sender, Opcode.BINARY, b"234") == b"\x00\x0223\x80\x014"

    def test_pulled_late(self) -> None:
        """What the pieces hold does not depend on what happened since."""
        sender = _server()
        first = sender.pieces(Opcode.TEXT, memoryview(b"Hel"), False)
        sender.auto_fragment = True
        sender.write_buffer_bytes = 1
        last = sender.pieces(Opcode.TEXT, memoryview(b"lo"), True)
        assert _joined(last) == HELLO_FRAGMENT_2
        assert _joined(first) == HELLO_FRAGMENT_1

    def test_an_interrupt_loses_nothing(self) -> None:
        """An exception out of a step leaves the rest to be made."""
        interrupts = iter([False, True, True, False])

        def entropy(size: int) -> bytes:
            if next(interrupts):
                raise KeyboardInterrupt
            return MASKING_KEY

        # As small as the entropy is short: one key at a time.
        sender = Sender(Role.CLIENT, entropy=lambda size: entropy(size) * (size // 4))
        sender.auto_fragment = True
        sender.write_buffer_bytes = 1
        data = bytes(100)
        pieces = sender.pieces(Opcode.BINARY, memoryview(data), True)
        made: list[Piece] = []
        stops = 0
        while len(made) < 100:
            try:
                made.append(next(pieces))
            except KeyboardInterrupt:
                stops += 1
        assert stops == 2
        assert not list(pieces)
        assert [piece.buffers[0][0] for piece in made] == [0x02, *[0x00] * 98, 0x80]


@given(
    st.sampled_from(Role),
    st.lists(st.binary(max_size=300), min_size=1, max_size=5),
    st.booleans(),
    st.integers(8, 200),
    st.booleans(),
)
def test_another_endpoint_reads_what_was_sent(
    role: Role, parts: list[bytes], auto_fragment: bool, buffer_bytes: int, text: bool
) -> None:
    sender = Sender(role)
    sender.auto_fragment = auto_fragment
    sender.write_buffer_bytes = buffer_bytes
    if text:
        parts = [part.hex().encode() for part in parts]
    opcode = Opcode.TEXT if text else Opcode.BINARY
    wire = b"".join(
        _joined(sender.pieces(opcode, memoryview(part), False)) + sender.control(Opcode.PING, b"?")
        for part in parts[:-1]
    )
    wire += _whole(sender, opcode, parts[-1])
    peer = FrameProtocol(client=role is Role.SERVER, extensions=[])
    peer.receive_bytes(wire)
    received = b""
    pings = 0
    finished = False
    for frame in peer.received_frames():
        if frame.opcode is PeerOpcode.PING:
            pings += 1
            continue
        assert frame.opcode is (PeerOpcode.TEXT if text else PeerOpcode.BINARY)
        assert not finished
        finished = frame.message_finished
        assert isinstance(frame.payload, str | bytes | bytearray)
        received += frame.payload.encode() if isinstance(frame.payload, str) else frame.payload
    assert finished
    assert received == b"".join(parts)
    assert pings == len(parts) - 1
