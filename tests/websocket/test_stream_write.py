"""Writing to an open stream: RFC 6455 sections 5 and 6.1, Beast's cases W1 to W9, W13 and W15.

W10 to W12 and W14 are about compression.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import pytest

from beastly.websocket import (
    HandshakeFailed,
    OperationAborted,
    ProtocolViolation,
    Role,
    Stream,
    TimedOut,
)
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.open_stream import Frame, Opened, open_client, opened

Write: TypeAlias = Callable[[Stream[MemoryLayer]], object]


def _take(stream: Opened) -> None:
    """Take what was sent off the wire, so that there is room for more."""
    if stream.far.unread:
        stream.far.receive(1_000_000, None)


def _every_verb(ws: Stream[MemoryLayer]) -> list[Callable[[], object]]:
    return [lambda: ws.write("x"), lambda: ws.write_some(True, "x"), ws.ping, ws.pong]


class TestFrames:
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 32768, 32769, 65535, 65536, 200_000])
    def test_one_message_is_one_frame(self, role: Role, size: int) -> None:
        """W2, W3, W5, W8: every form of length (section 5.2)."""
        stream = opened(role)
        payload = (bytes(range(256)) * (size // 256 + 1))[:size]
        stream.ws.write(payload)
        stream.ws.write("a" * size)
        assert stream.sent() == [(0x82, payload), (0x81, b"a" * size)]

    @pytest.mark.parametrize("role", Role)
    def test_a_small_message_is_one_send(self, role: Role) -> None:
        stream = opened(role)
        for size in (0, 16, 128, 1024, 32768):
            stream.ws.write(bytes(size))
        assert len(stream.near.sends) == 5

    @pytest.mark.parametrize("role", Role)
    def test_parts(self, role: Role) -> None:
        """W4, W13."""
        stream = opened(role)
        stream.ws.write_some(False, "Hello, ")
        stream.ws.write_some(False, b"")
        stream.ws.write_some(True, b"World!")
        stream.ws.write_some(False, b"\xff")
        stream.ws.write(b"end")
        stream.ws.write_some(True, b"")
        assert stream.sent() == [
            (0x01, b"Hello, "),
            (0x00, b""),
            (0x80, b"World!"),
            (0x02, b"\xff"),
            (0x80, b"end"),
            (0x82, b""),
        ]

    def test_the_first_part_decides_the_kind(self) -> None:
        """A change in mid-message counts for the next one (Beast 6.2)."""
        stream = opened()
        stream.ws.write_some(False, b"a")
        stream.ws.text = True
        stream.ws.write_some(True, b"b")
        stream.ws.write(b"c")
        assert [first for first, _ in stream.sent()] == [0x02, 0x80, 0x81]

    @pytest.mark.parametrize("role", Role)
    def test_auto_fragment(self, role: Role) -> None:
        """W6, W7, W9; Beast 6.2: 10,000 bytes with a buffer of 4096."""
        stream = opened(role)
        stream.ws.auto_fragment = True
        stream.ws.write_buffer_bytes = 4096
        payload = bytes(range(250)) * 40
        stream.ws.write(payload)
        assert stream.sent() == [
            (0x02, payload[:4096]),
            (0x00, payload[4096:8192]),
            (0x80, payload[8192:]),
        ]
        stream.ws.write(payload[:4096])
        stream.ws.write(b"")
        stream.ws.write_some(False, payload[:5000])
        stream.ws.write_some(True, b"end")
        assert stream.sent() == [
            (0x82, payload[:4096]),
            (0x82, b""),
            (0x02, payload[:4096]),
            (0x00, payload[4096:5000]),
            (0x80, b"end"),
        ]

    def test_the_smallest_write_buffer(self) -> None:
        """S3 is the size that is refused."""
        stream = opened(Role.SERVER)
        stream.ws.auto_fragment = True
        stream.ws.write_buffer_bytes = 8
        stream.ws.write("0123456789abcdefX")
        assert stream.sent() == [(0x01, b"01234567"), (0x00, b"89abcdef"), (0x80, b"X")]

    def test_each_frame_has_a_key_of_its_own(self) -> None:
        """Section 5.3, and defect 1 of Beast: its generator repeated its output."""
        stream = opened(Role.CLIENT)
        for _ in range(1000):
            stream.ws.write(b"")
        keys = {sent[2:6] for sent in stream.near.sends}
        assert len(keys) == 1000

    @pytest.mark.parametrize(
        "data",
        [
            b"abcd",
            bytearray(b"abcd"),
            memoryview(b"abcd"),
            memoryview(b"a.b.c.d.")[::2],
            [b"ab", b"cd"],
            (b"", bytearray(b"a"), memoryview(b"bcd")),
            iter([b"abc", b"d"]),
        ],
    )
    def test_buffers(self, data: bytes | list[bytes]) -> None:
        stream = opened()
        stream.ws.write(data)
        assert stream.sent() == [(0x82, b"abcd")]

    @pytest.mark.parametrize("data", [5, None, ["text"], [1]])
    def test_what_is_no_buffer_is_refused(self, data: bytes) -> None:
        stream = opened()
        with pytest.raises(TypeError):
            stream.ws.write(data)
        with pytest.raises(TypeError):
            stream.ws.write_some(True, data)
        assert stream.sent() == []
        stream.ws.write("after")
        assert stream.sent() == [(0x81, b"after")]

    def test_the_buffer_may_change_after_a_write(self) -> None:
        stream = opened(Role.SERVER)
        data = bytearray(b"a" * 100_000)
        stream.ws.write(data)
        data[:] = b"b" * 100_000
        data.append(0)
        assert stream.sent() == [(0x82, b"a" * 100_000)]


class TestText:
    """What goes out as text is UTF-8, however it was handed over (section 5.6)."""

    def test_bytes_as_text(self) -> None:
        stream = opened()
        stream.ws.text = True
        stream.ws.write("é".encode())
        stream.ws.write([b"\xc3", b"\xa9"])
        assert stream.sent() == [(0x81, "é".encode())] * 2

    @pytest.mark.parametrize("data", [b"\xff", b"\xc3", b"a" * 40_000 + b"\xed\xa0\x80"])
    def test_bytes_that_are_no_text(self, data: bytes) -> None:
        stream = opened()
        stream.ws.text = True
        with pytest.raises(ValueError, match="UTF-8.*RFC 6455"):
            stream.ws.write(data)
        with pytest.raises(ValueError, match="UTF-8"):
            stream.ws.write_some(True, data)
        assert stream.sent() == []
        stream.ws.write(b"after")
        assert stream.sent() == [(0x81, b"after")]

    def test_a_lone_surrogate(self) -> None:
        stream = opened()
        with pytest.raises(ValueError, match="surrogates"):
            stream.ws.write("\ud800")
        assert stream.sent() == []

    def test_a_code_point_may_be_cut_between_parts(self) -> None:
        stream = opened()
        stream.ws.text = True
        stream.ws.write_some(False, b"\xe2\x82")
        with pytest.raises(ValueError):
            stream.ws.write_some(True, b"")
        with pytest.raises(ValueError):
            stream.ws.write("text")
        with pytest.raises(ValueError):
            stream.ws.write_some(False, b"\xe2")
        stream.ws.write_some(False, b"")
        stream.ws.write(b"\xacuro")
        assert stream.sent() == [(0x01, b"\xe2\x82"), (0x00, b""), (0x80, b"\xacuro")]

    def test_parts_of_a_text_are_checked_as_text(self) -> None:
        """Whatever the settings say by then."""
        stream = opened()
        stream.ws.write_some(False, "text")
        with pytest.raises(ValueError):
            stream.ws.write_some(True, b"\xff")
        with pytest.raises(ValueError):
            stream.ws.write(b"\xff")
        stream.ws.write(b"!")
        stream.ws.write(b"\xff")
        assert stream.sent() == [(0x01, b"text"), (0x80, b"!"), (0x82, b"\xff")]

    def test_parts_of_a_binary_message_are_not_checked(self) -> None:
        stream = opened()
        stream.ws.write_some(False, b"\xff")
        stream.ws.write_some(False, "é")
        stream.ws.write(b"\xc3")
        assert [payload for _, payload in stream.sent()] == [b"\xff", b"\xc3\xa9", b"\xc3"]

    def test_a_part_that_was_not_sent_leaves_no_trace(self) -> None:
        stream = opened(capacity=0)
        stream.ws.text = True
        with pytest.raises(TimedOut) as caught:
            stream.ws.write(b"a", timeout=0)
        assert caught.value.unsent == 0
        stream.near.capacity = None
        stream.ws.write_some(False, b"\xc3")
        stream.ws.write(b"\xa9")
        assert stream.sent() == [(0x01, b"\xc3"), (0x80, b"\xa9")]


WRITES: list[tuple[Write, list[Frame]]] = [
    (lambda ws: ws.write("Hello", timeout=0), [(0x81, b"Hello")]),
    (lambda ws: ws.write(b"m" * 40_000, timeout=0), [(0x82, b"m" * 40_000)]),
    (lambda ws: ws.write_some(False, b"part", timeout=0), [(0x02, b"part")]),
    (lambda ws: ws.ping(b"ping", timeout=0), [(0x89, b"ping")]),
    (lambda ws: ws.pong(b"pong", timeout=0), [(0x8A, b"pong")]),
]


class TestTimeouts:
    """A frame that was begun goes out whole before anything else does."""

    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize(("write", "frames"), WRITES)
    def test_every_cut(self, role: Role, write: Write, frames: list[Frame]) -> None:
        whole = opened(role)
        write(whole.ws)
        size = len(whole.near.sent)
        for cut in {*range(min(size, 40)), size // 2, size - 1}:
            stream = opened(role, capacity=cut)
            with pytest.raises(TimedOut) as caught:
                write(stream.ws)
            committed = cut > 0 or size > 32768 or frames[0][0] == 0x02
            assert caught.value.unsent == (size - cut if committed else 0)
            assert len(stream.near.sent) == cut
            assert stream.ws.is_open
            stream.near.capacity = None
            stream.ws.ping(b"next")
            sent = stream.sent()
            assert sent == [*(frames if committed else []), (0x89, b"next")]

    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize(
        ("size", "part", "rooms"), [(30, 10, range(1, 20)), (40_000, 15_000, [5000, 14_999])]
    )
    def test_fragments_in_many_goes(
        self, role: Role, size: int, part: int, rooms: Iterable[int]
    ) -> None:
        """W15, but nothing is lost: a message with `unsent` is not written again, others are."""
        payload = (bytes(range(256)) * 160)[:size]
        for room in rooms:
            stream = opened(role, capacity=room)
            stream.ws.auto_fragment = True
            stream.ws.write_buffer_bytes = part
            left = 3
            while left:
                try:
                    stream.ws.write(payload, timeout=0)
                    left -= 1
                except TimedOut as error:
                    left -= error.unsent > 0
                    _take(stream)
            stream.near.capacity = None
            stream.ws.ping()
            message = [
                (0x80 * (start + part >= size) | 0x02 * (start == 0), payload[start : start + part])
                for start in range(0, size, part)
            ]
            assert stream.sent() == [*message * 3, (0x89, b"")]

    def test_the_socket_s_timeout_counts_where_none_is_named(self) -> None:
        stream = opened(capacity=0)
        stream.near.default_timeout = 0.0
        for write in _every_verb(stream.ws):
            with pytest.raises(TimedOut):
                write()

    def test_a_tail_goes_out_inside_a_read_too(self) -> None:
        stream = opened(Role.SERVER, capacity=3)
        with pytest.raises(TimedOut):
            stream.ws.write("Hello", timeout=0)
        _take(stream)
        stream.near.capacity = None
        with pytest.raises(TimedOut):
            stream.ws.read(timeout=0)
        assert stream.sent() == [(0x81, b"Hello")]

    def test_a_tail_goes_out_before_the_close_frame(self) -> None:
        stream = opened(Role.CLIENT, capacity=3)
        with pytest.raises(TimedOut):
            stream.ws.write("Hello", timeout=0)
        stream.near.capacity = None
        stream.send((0x88, b"\x03\xe8"))
        stream.end()
        stream.ws.close()
        assert stream.sent() == [(0x81, b"Hello"), (0x88, b"\x03\xe8")]


class TestState:
    def test_before_a_handshake_nothing_is_sent(self) -> None:
        """C26."""
        near, _ = connected_pair()
        ws = Stream(near)
        for write in _every_verb(ws):
            with pytest.raises(OperationAborted, match="needs a handshake"):
                write()
        assert near.sends == []

    def test_after_a_refused_handshake(self) -> None:
        """Defect 3 of Beast: it put frames on the HTTP connection. Defect 2: no later error of the
        same stream was told any more.
        """
        near, far = connected_pair()
        ws = Stream(near)
        far.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", None)
        with pytest.raises(HandshakeFailed) as refused:
            ws.handshake("localhost", "/")
        assert refused.value.keep_alive
        near.sends.clear()
        for call in _every_verb(ws):
            with pytest.raises(OperationAborted, match="needs a handshake"):
                call()
        with pytest.raises(OperationAborted, match="needs a handshake"):
            ws.read()
        assert near.sends == []
        open_client(ws, lambda data: far.send(data, None))
        far.send(b"\x83\x00", None)
        far.shutdown(None)
        with pytest.raises(ProtocolViolation):
            ws.read()

    @pytest.mark.parametrize("role", Role)
    def test_after_a_close_nothing_is_sent(self, role: Role) -> None:
        """W1, P3, P4."""
        stream = opened(role)
        stream.send((0x88, b"\x03\xe8"))
        stream.end()
        stream.ws.close()
        stream.sent()
        for write in _every_verb(stream.ws):
            with pytest.raises(OperationAborted):
                write()
        assert stream.near.sends == []

    def test_a_peer_that_is_gone(self) -> None:
        """The write fails; what the peer sent before can be read."""
        stream = opened()
        stream.send((0x81, b"last words"), (0x88, b"\x03\xe9"))
        stream.far.close()
        with pytest.raises(BrokenPipeError):
            stream.ws.write("x")
        with pytest.raises(BrokenPipeError):
            stream.ws.write(bytes(100_000))
        assert stream.ws.read() == "last words"
