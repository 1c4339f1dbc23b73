"""The settings of a stream: defaults, limits, when they count (Beast 1.3, cases S2 and S3)."""

import pytest

from beastly.http import Limits, Request
from beastly.websocket import Decorator, FrameType, Role, Stream, Timeout
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.open_stream import open_client, open_server, opened


def _new() -> Stream[MemoryLayer]:
    return Stream(connected_pair()[0])


def _ignore(kind: FrameType, payload: bytes) -> None:
    pass


def test_the_defaults() -> None:
    ws = _new()
    assert ws.binary
    assert not ws.text
    assert not ws.auto_fragment
    assert ws.write_buffer_bytes == 65536
    assert ws.read_message_max == 16 * 1024 * 1024
    assert ws.control_callback is None
    assert ws.get_option(Timeout) == Timeout(handshake_timeout=30.0)
    assert ws.get_option(Decorator) == Decorator()
    assert ws.get_option(Limits) == Limits()


def test_what_was_set_is_what_is_got() -> None:
    """S2."""
    for ws in (_new(), opened(Role.CLIENT).ws, opened(Role.SERVER).ws):
        ws.text = True
        assert not ws.binary
        ws.binary = True
        assert not ws.text
        ws.auto_fragment = True
        ws.write_buffer_bytes = 2048
        ws.read_message_max = 1 << 20
        ws.control_callback = _ignore
        assert ws.auto_fragment
        assert ws.write_buffer_bytes == 2048
        assert ws.read_message_max == 1 << 20
        assert ws.control_callback is _ignore


@pytest.mark.parametrize("size", [7, 0, -1])
def test_a_write_buffer_has_8_bytes_at_least(size: int) -> None:
    """S3."""
    ws = _new()
    with pytest.raises(ValueError, match=f"at least 8, not {size}"):
        ws.write_buffer_bytes = size
    assert ws.write_buffer_bytes == 65536


def test_a_limit_is_not_negative() -> None:
    ws = _new()
    with pytest.raises(ValueError, match="not -1"):
        ws.read_message_max = -1
    assert ws.read_message_max == 16 * 1024 * 1024


def test_options_replace_those_of_their_kind() -> None:
    ws = _new()
    decorator = Decorator(request=lambda request: None)
    ws.set_option(decorator)
    ws.set_option(Timeout(handshake_timeout=5))
    ws.set_option(Limits(fields=5))
    ws.set_option(Timeout(handshake_timeout=None))
    assert ws.get_option(Decorator) is decorator
    assert ws.get_option(Timeout).handshake_timeout is None
    assert ws.get_option(Limits).fields == 5


@pytest.mark.parametrize("option", [Request(), 5, None])
def test_what_is_no_option_is_refused(option: Timeout) -> None:
    ws = _new()
    with pytest.raises(TypeError, match=type(option).__name__):
        ws.set_option(option)
    with pytest.raises(TypeError, match="the kind of an option"):
        ws.get_option(type(option))


@pytest.mark.parametrize("role", Role)
def test_settings_from_before_the_handshake_count(role: Role) -> None:
    near, far = connected_pair()
    seen: list[FrameType] = []
    ws = Stream(near)
    ws.auto_fragment = True
    ws.write_buffer_bytes = 8
    ws.read_message_max = 4
    ws.control_callback = lambda kind, payload: seen.append(kind)
    if role is Role.CLIENT:
        open_client(ws, lambda data: far.send(data, None))
        data = b"\x8a\x00\x82\x04abcd"
    else:
        open_server(ws)
        data = b"\x8a\x80\0\0\0\0\x82\x84\0\0\0\0abcd"
    near.sends.clear()
    far.send(data, None)
    assert ws.read() == b"abcd"
    assert seen == [FrameType.PONG]
    ws.write(b"0123456789")
    assert near.sent[:1] == b"\x02"
    assert ws.read_size_hint() == 4
