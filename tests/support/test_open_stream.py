"""The streams that tests start from, and the reader of frames that they are judged with."""

import pytest

from beastly.websocket import Role
from tests.support.open_stream import frames_of, opened
from tests.support.wire import HELLO_FRAGMENT_1, HELLO_MASKED, HELLO_UNMASKED


@pytest.mark.parametrize("role", Role)
def test_opened(role: Role) -> None:
    stream = opened(role)
    assert stream.ws.is_open
    assert stream.ws.role is role
    assert stream.near.sends == []
    assert stream.far.unread == 0
    stream.ws.write("Hello")
    assert stream.sent() == [(0x81, b"Hello")]
    assert stream.sent() == []
    stream.send((0x82, b"\xff"))
    assert stream.ws.read() == b"\xff"


def test_frames_of_the_specification() -> None:
    """RFC 6455 section 5.7."""
    assert frames_of(HELLO_UNMASKED + HELLO_FRAGMENT_1, masked=False) == [
        (0x81, b"Hello"),
        (0x01, b"Hel"),
    ]
    assert frames_of(HELLO_MASKED, masked=True) == [(0x81, b"Hello")]
    assert frames_of(b"\x82\x7e\x00\x7e" + bytes(126), masked=False) == [(0x82, bytes(126))]
    assert frames_of(b"\x82\x7f\0\0\0\0\0\1\0\0" + bytes(65536), masked=False) == [
        (0x82, bytes(65536))
    ]


@pytest.mark.parametrize(
    ("data", "masked"),
    [
        (HELLO_UNMASKED, True),
        (HELLO_MASKED, False),
        (HELLO_UNMASKED[:-1], False),
        (b"\x82\x7e\x00\x7d" + bytes(125), False),
    ],
)
def test_bad_frames_are_found(data: bytes, masked: bool) -> None:
    with pytest.raises(AssertionError):
        frames_of(data, masked=masked)
