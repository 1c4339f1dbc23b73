"""The bytes written by hand agree with one another, by nothing but the standard library."""

import base64
import hashlib

from tests.support import wire


def test_accept_belongs_to_key() -> None:
    """RFC 6455 section 1.3."""
    digest = hashlib.sha1(wire.KEY.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    assert base64.b64encode(digest).decode() == wire.ACCEPT
    assert wire.KEY.encode() in wire.GOOD_REQUEST
    assert wire.ACCEPT.encode() in wire.GOOD_RESPONSE


def test_masked_frames_carry_the_same_payload() -> None:
    """RFC 6455 section 5.3."""
    for frame in (wire.HELLO_MASKED, wire.PONG_MASKED):
        assert frame[2:6] == wire.MASKING_KEY
        unmasked = bytes(byte ^ frame[2 + index % 4] for index, byte in enumerate(frame[6:]))
        assert unmasked == b"Hello"
    assert bytes(byte ^ 0xFF for byte in wire.CLIENT_CLOSE_1000[6:]) == wire.SERVER_CLOSE_1000[2:]
