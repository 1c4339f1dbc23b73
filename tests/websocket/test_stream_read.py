"""Reading from an open stream: RFC 6455 sections 5 and 6.2, Beast's read1 to read3 (R1, R2, R3).

The cases R2.24 to R2.26, R3.19 to R3.21 and R3.23 are about compression; R1.2, R1.3 and R1.5 have
their blocking form in deadlines. R2.11 has none: a `bytearray` grows.
"""

import pytest

from beastly.websocket import (
    CloseReason,
    ConnectionClosed,
    Error,
    FrameType,
    MessageTooBig,
    OperationAborted,
    ProtocolViolation,
    Role,
    Stream,
    TimedOut,
)
from tests.support.feeding import FEEDINGS, Feeding, every_cut
from tests.support.memory_layer import connected_pair
from tests.support.open_stream import Frame, Opened, opened
from tests.support.receiving import frame
from tests.support.wire import (
    HELLO_FRAGMENT_1,
    HELLO_FRAGMENT_2,
    HELLO_MASKED,
    HELLO_UNMASKED,
    MASKING_KEY,
    PING_UNMASKED,
)


def _client(data: bytes = b"", *, chunk: int | None = None) -> Opened:
    """An open client to which the server has sent `data`."""
    stream = opened(Role.CLIENT, chunk=chunk)
    if data:
        stream.far.send(data, None)
    return stream


def _no_callback(kind: FrameType, payload: bytes) -> None:
    raise AssertionError(f"{kind} came: {payload!r}")


class TestMessages:
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
    def test_every_form_of_length(self, role: Role, size: int) -> None:
        """Section 5.2."""
        stream = opened(role)
        payload = bytes(range(256)) * (size // 256 + 1)
        stream.send((0x82, payload[:size]), (0x81, b"a" * size), (0x81, b"end"))
        assert stream.ws.read() == payload[:size]
        assert stream.ws.got_binary
        assert stream.ws.read() == "a" * size
        assert stream.ws.got_text
        assert stream.ws.read() == "end"

    @pytest.mark.parametrize("cut", FEEDINGS)
    def test_frames_of_the_specification(self, cut: Feeding) -> None:
        """Section 5.7: a message, one in two fragments with a ping between, and a masked one."""
        stream = opened(Role.CLIENT)
        data = HELLO_UNMASKED + HELLO_FRAGMENT_1 + PING_UNMASKED + HELLO_FRAGMENT_2
        for piece in cut(data):
            stream.far.send(piece, None)
        stream.near.chunk = len(cut(data)[0])
        assert [stream.ws.read(), stream.ws.read()] == ["Hello", "Hello"]
        assert stream.sent() == [(0x8A, b"Hello")]
        server = opened(Role.SERVER)
        server.far.send(HELLO_MASKED, None)
        assert server.ws.read() == "Hello"

    @pytest.mark.parametrize(
        ("frames", "message"),
        [
            pytest.param([(0x01, b""), (0x80, b"")], "", id="R2.2"),
            pytest.param([(0x01, b"*"), (0x80, b"*")], "**", id="R2.3"),
            pytest.param([(0x01, b"Hello, "), (0x00, b""), (0x80, b"World!")], "Hello, World!",
                         id="R2.7"),
            pytest.param([(0x81, b"")], "", id="R2.29"),
            pytest.param([(0x81, b"Hello, World!")], "Hello, World!", id="R1.1 R2.27"),
            pytest.param([(0x82, bytes(2000))], bytes(2000), id="R2.32"),
            pytest.param([(0x81, b"x" * 2000)], "x" * 2000, id="R2.8 R2.28"),
            pytest.param([(0x02, b"a"), (0x89, b"b"), (0x80, b"c")], b"ac", id="with a ping"),
        ],
    )
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("chunk", [None, 1])
    def test_beast(
        self, role: Role, chunk: int | None, frames: list[Frame], message: str | bytes
    ) -> None:
        stream = opened(role, chunk=chunk)
        stream.send(*frames, (0x82, b"next"))
        assert stream.ws.read() == message
        assert stream.ws.is_message_done
        assert stream.ws.read() == b"next"

    def test_a_message_that_arrives_in_two_steps(self) -> None:
        """R3.1, R3.12: half a header, or half a ping, then the rest."""
        for first, second, message in (
            (b"\x81\x7e\x01", b"\x01" + b"*" * 257, "*" * 257),
            (b"\x89\x02*", b"*\x81\x02**", "**"),
        ):
            stream = _client(first)
            with pytest.raises(TimedOut):
                stream.ws.read(timeout=0)
            stream.far.send(second, None)
            assert stream.ws.read() == message

    def test_one_receive_brings_many_messages(self) -> None:
        """The price of a small message: one system call, or less."""
        stream = _client(HELLO_UNMASKED * 100)
        assert [stream.ws.read() for _ in range(100)] == ["Hello"] * 100
        # A few at first, and all the others with the next call.
        assert stream.near.receives == 2

    def test_little_is_asked_for_behind_little(self) -> None:
        """What a connection at rest waits with takes less than a page of memory."""
        stream = _client()
        large = b"\x82\x7e\x04\x00" + bytes(1024)
        asked: list[int] = []
        for wire in (HELLO_UNMASKED, large, large, HELLO_UNMASKED, HELLO_UNMASKED, large):
            stream.far.send(wire, None)
            before = stream.near.receives
            stream.ws.read()
            asked.append(stream.near.receives - before)
        assert asked == [1, 2, 1, 1, 1, 2]

    def test_nothing_is_parsed_before_it_is_asked_for(self) -> None:
        """A fault in a later frame takes no earlier message with it (Autobahn 3.2, 4.1.3)."""
        stream = _client(HELLO_UNMASKED + b"\x83\x01*" + PING_UNMASKED)
        stream.end()
        assert stream.ws.read() == "Hello"
        assert stream.sent() == []
        with pytest.raises(ProtocolViolation):
            stream.ws.read()
        assert stream.sent() == [(0x88, b"\x03\xea")]


class TestFaults:
    """What the peer may not send: it is told why, and the stream fails (section 7.1.7)."""

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            pytest.param(b"\x8f\x00", Error.BAD_OPCODE, id="R2.13"),
            pytest.param(b"\x88\x02\x03\xed", Error.BAD_CLOSE_CODE, id="R2.14 R2.21 R2.35"),
            pytest.param(b"\x81\x06\x03\xea\xf0\x28\x8c\xbc", Error.BAD_FRAME_PAYLOAD, id="R2.17"),
            pytest.param(b"\x81\x05text\xc0", Error.BAD_FRAME_PAYLOAD, id="R2.18 R2.33"),
            pytest.param(b"\x81\x7e\x0f\xa1" + b"a" * 4000 + b"\xc0", Error.BAD_FRAME_PAYLOAD,
                         id="R2.12 R2.19"),
            pytest.param(b"\x88\x01\x01", Error.BAD_CLOSE_SIZE, id="R2.20 R2.34"),
            pytest.param(b"\x88\x06\xfc\x15\x0f\xd7\x73\x43", Error.BAD_CLOSE_PAYLOAD,
                         id="R2.22 R2.36"),
            pytest.param(b"\x01\x01*\x81\x01*", Error.BAD_DATA_FRAME, id="R3.2"),
            pytest.param(b"\xb1\x01*", Error.BAD_RESERVED_BITS, id="R3.3 b1"),
            pytest.param(b"\xc1\x01*", Error.BAD_RESERVED_BITS, id="R3.3 c1"),
            pytest.param(b"\xd1\x01*", Error.BAD_RESERVED_BITS, id="R3.3 d1"),
            pytest.param(b"\x80\x01*", Error.BAD_CONTINUATION, id="R3.4"),
            pytest.param(b"\x01\x01*\xb0\x01*", Error.BAD_RESERVED_BITS, id="R3.5 b0"),
            pytest.param(b"\x01\x01*\xc0\x01*", Error.BAD_RESERVED_BITS, id="R3.5 c0"),
            pytest.param(b"\x01\x01*\xd0\x01*", Error.BAD_RESERVED_BITS, id="R3.5 d0"),
            pytest.param(b"\x83\x01*", Error.BAD_OPCODE, id="R3.6"),
            pytest.param(b"\x09\x01*", Error.BAD_CONTROL_FRAGMENT, id="R3.7"),
            pytest.param(b"\x89\x7e\x01\x01", Error.BAD_CONTROL_SIZE, id="R3.8"),
            pytest.param(b"\xb9\x01*", Error.BAD_RESERVED_BITS, id="R3.9 b9"),
            pytest.param(b"\xc9\x01*", Error.BAD_RESERVED_BITS, id="R3.9 c9"),
            pytest.param(b"\xd9\x01*", Error.BAD_RESERVED_BITS, id="R3.9 d9"),
            pytest.param(b"\x81\x80\xff\xff\xff\xff", Error.BAD_MASKED_FRAME, id="R3.11"),
            pytest.param(b"\x81\x7e\x00\x7d" + b"*" * 125, Error.BAD_SIZE, id="R3.13"),
            pytest.param(b"\x81\x7f\0\0\0\0\0\0\xff\xff", Error.BAD_SIZE, id="R3.14"),
            pytest.param(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", Error.BAD_SIZE, id="R3.15"),
        ],
    )
    @pytest.mark.parametrize("chunk", [None, 1])
    @pytest.mark.parametrize("behind", [b"", PING_UNMASKED])
    def test_beast(self, data: bytes, code: Error, chunk: int | None, behind: bytes) -> None:
        stream = _client(data + behind, chunk=chunk)
        stream.end()
        stream.ws.control_callback = _no_callback
        with pytest.raises(ProtocolViolation) as caught:
            stream.ws.read()
        assert caught.value.code is code
        assert code.close_code is not None
        assert stream.sent() == [(0x88, code.close_code.to_bytes(2, "big"))]
        assert not stream.ws.is_open
        assert stream.near.closed
        assert stream.ws.reason is None

    def test_an_unmasked_frame_to_a_server(self) -> None:
        """R3.10, section 5.1."""
        stream = opened(Role.SERVER)
        stream.far.send(b"\x81\x01*", None)
        stream.end()
        with pytest.raises(ProtocolViolation) as caught:
            stream.ws.read()
        assert caught.value.code is Error.BAD_UNMASKED_FRAME
        assert stream.sent() == [(0x88, b"\x03\xea")]

    def test_the_rest_of_what_came_is_dropped(self) -> None:
        """A server's close frame reaches the client: no reset may overtake it (section 7.1.1)."""
        stream = opened(Role.SERVER)
        stream.send((0x83, b"*"), (0x82, bytes(100_000)))
        stream.end()
        with pytest.raises(ProtocolViolation):
            stream.ws.read()
        assert stream.near.ended
        assert stream.far.unread == 4
        assert stream.near.unread == 0

    def test_every_later_call_says_why(self) -> None:
        """R2.1, R2.10, and defect 8 of Beast: the second read after a fault in UTF-8."""
        stream = _client(b"\x81\x01\xff" + HELLO_UNMASKED)
        stream.end()
        with pytest.raises(ProtocolViolation):
            stream.ws.read(bytearray())
        stream.sent()
        for call in (
            lambda: stream.ws.read(bytearray()),
            stream.ws.read,
            lambda: stream.ws.read_some(bytearray()),
            lambda: stream.ws.write("x"),
            stream.ws.ping,
            stream.ws.pong,
        ):
            with pytest.raises(OperationAborted, match="a text message must be valid UTF-8"):
                call()
        assert stream.near.sends == []
        stream.ws.close()


class TestText:
    """Text is checked as its bytes arrive, within a frame too (section 8.1)."""

    @pytest.mark.parametrize("last", [b"\x80\x00", b"\x00\x00\x80\x00"])
    @pytest.mark.parametrize("chunk", [None, 1])
    def test_an_empty_last_fragment_ends_the_check(self, last: bytes, chunk: int | None) -> None:
        """Defect 5 of Beast: it let half a code point pass there."""
        stream = _client(b"\x01\x02a\xc3" + last, chunk=chunk)
        stream.end()
        with pytest.raises(ProtocolViolation) as caught:
            stream.ws.read()
        assert caught.value.code is Error.BAD_FRAME_PAYLOAD

    def test_no_message_leaves_anything_to_the_next(self) -> None:
        """Defect 5 of Beast: what was left unfinished spoiled the next message."""
        stream = _client(b"\x01\x01\xc3\x80\x01\xa9" + b"\x01\x02\xc3\xa9\x80\x00" + b"\x81\x01a")
        assert [stream.ws.read() for _ in range(3)] == ["é", "é", "a"]

    @pytest.mark.parametrize(
        "begin",
        [
            pytest.param(b"\x01\x01a\x00\x04\xf4\x90\x80\x80", id="6.4.1"),
            pytest.param(b"\x01\x01\xf4\x00\x01\x90", id="6.4.2"),
            pytest.param(b"\x81\x7e\x40\x00a\xf4\x90\x80\x80", id="6.4.3"),
            pytest.param(b"\x81\x7e\x40\x00a\xf4\x90", id="6.4.4"),
            pytest.param(b"\x81\x7f\0\0\0\0\0\1\0\0\xed\xa0", id="a surrogate"),
        ],
    )
    @pytest.mark.parametrize("chunk", [None, 1])
    def test_fails_at_the_first_byte_that_cannot_be(self, begin: bytes, chunk: int | None) -> None:
        """Autobahn 6.4: the rest of the message need not come."""
        stream = _client(begin, chunk=chunk)
        with pytest.raises(ProtocolViolation) as caught:
            stream.ws.read(timeout=0.01)
        assert caught.value.code is Error.BAD_FRAME_PAYLOAD
        assert stream.sent() == [(0x88, b"\x03\xef")]

    def test_a_code_point_may_be_cut_by_read_some(self) -> None:
        stream = _client(b"\x81\x03\xe2\x82\xac")
        part = bytearray()
        assert stream.ws.read_some(part, 2) == 2
        assert stream.ws.read() == b"\xac"
        assert part == b"\xe2\x82"


class TestLimits:
    """Sizes at their limit and one over (section 10.4)."""

    def test_the_default(self) -> None:
        assert opened().ws.read_message_max == 16 * 1024 * 1024

    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize(
        "frames",
        [
            [(0x82, bytes(100))],
            [(0x02, bytes(60)), (0x00, b""), (0x80, bytes(40))],
            [(0x81, b"a" * 100)],
        ],
    )
    def test_at_the_limit_and_one_over(self, role: Role, frames: list[Frame]) -> None:
        """R2.16."""
        stream = opened(role)
        stream.ws.read_message_max = 100
        stream.send(*frames)
        assert len(stream.ws.read()) == 100
        stream.ws.read_message_max = 99
        stream.send(*frames)
        stream.end()
        with pytest.raises(MessageTooBig) as caught:
            stream.ws.read()
        assert caught.value.code is Error.MESSAGE_TOO_BIG
        assert "100 bytes" in str(caught.value) and "99" in str(caught.value)
        assert stream.sent() == [(0x88, b"\x03\xf1")]
        assert not stream.ws.is_open

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"\x01\x01*\x80\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", id="R2.15 R3.16"),
            pytest.param(b"\x82\x7f\x00\x00\x00\x00\x01\x00\x00\x01", id="one over the default"),
        ],
    )
    def test_a_lying_header_costs_nothing(self, data: bytes) -> None:
        """The limit is checked before memory is taken (R3.22)."""
        stream = _client(data)
        stream.end()
        with pytest.raises(MessageTooBig):
            stream.ws.read()
        assert stream.sent() == [(0x88, b"\x03\xf1")]

    def test_zero_is_no_limit(self) -> None:
        stream = _client(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff" + bytes(1000))
        stream.ws.read_message_max = 0
        with pytest.raises(TimedOut):
            stream.ws.read(timeout=0)
        assert stream.ws.is_open

    def test_fragments(self) -> None:
        """131,072 at most, empty ones count."""
        stream = _client(b"\x02\x00" + b"\x00\x00" * 131_070 + b"\x80\x01a")
        assert stream.ws.read() == b"a"
        stream.far.send(b"\x02\x00" + b"\x00\x00" * 131_072, None)
        stream.end()
        with pytest.raises(MessageTooBig) as caught:
            stream.ws.read()
        assert caught.value.code is Error.TOO_MANY_FRAGMENTS
        assert stream.sent() == [(0x88, b"\x03\xf1")]

    def test_the_message_before_is_not_lost(self) -> None:
        stream = _client(HELLO_UNMASKED + b"\x82\x05large")
        stream.end()
        stream.ws.read_message_max = 5
        assert stream.ws.read() == "Hello"
        stream.ws.read_message_max = 4
        with pytest.raises(MessageTooBig):
            stream.ws.read()


MIXED = (
    b"\x81\x05Hello"  # text
    b"\x02\x03abc"  # a fragment
    b"\x89\x02hi"  # a ping between
    b"\x00\x00"  # an empty fragment
    b"\x80\x02de"
    b"\x8a\x01p"  # a pong
    b"\x01\x02\xe2\x82\x80\x01\xac"  # text whose code point is cut by a frame
    b"\x82\x00"  # an empty message
    b"\x82\x7e\x00\x7e" + b"m" * 126 + b"\x88\x05\x03\xe8bye"
)
MESSAGES = ["Hello", b"abcde", "€", b"", b"m" * 126]


class TestDeadlines:
    """A read that times out has lost nothing, wherever the bytes ended."""

    @pytest.mark.parametrize("begin", [b"", b"\x82\x7f\0\0\0\0\0\1\0\0" + bytes(65536)])
    def test_at_every_byte_of_a_mixed_stream(self, begin: bytes) -> None:
        stream = _client(begin)
        got: list[str | bytes] = []
        timeouts = 0
        closed: ConnectionClosed | None = None
        for index in range(len(MIXED)):
            stream.far.send(MIXED[index : index + 1], None)
            if index == len(MIXED) - 1:
                stream.end()
            try:
                while True:
                    got.append(stream.ws.read(timeout=0))
            except TimedOut as error:
                timeouts += 1
                assert error.unsent == 0
            except ConnectionClosed as error:
                closed = error
        assert got == [bytes(65536)] * bool(begin) + MESSAGES
        assert timeouts == len(MIXED) - 1
        assert closed is not None
        assert closed.reason == CloseReason(1000, "bye")
        assert stream.sent() == [(0x8A, b"hi"), (0x88, b"\x03\xe8")]

    @pytest.mark.parametrize("role", Role)
    def test_every_cut_of_a_large_message(self, role: Role) -> None:
        """Cut around each border inside: the header, the pieces of receiving, the end."""
        payload = bytes(range(256)) * 600
        data = opened(role).encode((0x82, payload), (0x81, b"next"))
        borders = {0, 1, 2, 10, 14, 65536 + 14, 65536 * 2 + 14, len(payload), len(data)}
        cuts = {cut for border in borders for cut in range(border - 2, border + 3)}
        for cut in sorted(cuts & set(range(1, len(data)))):
            stream = opened(role)
            stream.far.send(data[:cut], None)
            got: list[str | bytes] = []
            with pytest.raises(TimedOut):
                while True:
                    got.append(stream.ws.read(timeout=0))
            stream.far.send(data[cut:], None)
            while len(got) < 2:
                got.append(stream.ws.read(timeout=0))
            assert got == [payload, "next"]

    def test_every_cut_with_read_some(self) -> None:
        """R2.30, R2.31: parts of a message, by timeouts and by limits."""
        data = b"\x01\x04\xe2\x82\xacx\x89\x00\x80\x02yz"
        for first, second in every_cut(data):
            stream = _client(first)
            got = bytearray()
            with pytest.raises(TimedOut):
                while True:
                    stream.ws.read_some(got, 3, timeout=0)
            stream.far.send(second, None)
            while True:
                assert stream.ws.read_some(got, 3, timeout=0) <= 3
                if stream.ws.is_message_done:
                    break
            assert got == "€xyz".encode()

    def test_the_timeout_of_the_socket_counts_where_none_is_named(self) -> None:
        stream = _client()
        stream.near.default_timeout = 0.0
        with pytest.raises(TimedOut):
            stream.ws.read()
        with pytest.raises(TimedOut):
            stream.ws.read_some(bytearray())

    @pytest.mark.parametrize("timeout", [-1, float("nan")])
    def test_a_timeout_is_no_negative_number(self, timeout: float) -> None:
        stream = _client(HELLO_UNMASKED)
        with pytest.raises(ValueError, match="timeout"):
            stream.ws.read(timeout=timeout)
        assert stream.ws.read(timeout=0) == "Hello"

    def test_control_frames_do_not_prolong_a_read(self) -> None:
        """One deadline for the whole call, however much comes that is no message."""
        stream = _client()
        stream.ws.control_callback = lambda kind, payload: stream.far.send(PING_UNMASKED, None)
        stream.far.send(PING_UNMASKED, None)
        with pytest.raises(TimedOut):
            stream.ws.read(timeout=0.01)
        stream.ws.control_callback = None
        stream.far.send(HELLO_UNMASKED, None)
        assert stream.ws.read() == "Hello"


class TestEnds:
    """How a read ends when no message comes."""

    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("size", [0, 1, 2, 5, 8, 10])
    def test_the_bytes_end_without_a_close_frame(self, role: Role, size: int) -> None:
        """Section 7.1.5: code 1006, which no frame says, so there is no reason at all."""
        stream = opened(role)
        begin = stream.encode((0x01, b"part"), (0x80, bytes(200)))[:size]
        if begin:
            stream.far.send(begin, None)
        stream.end()
        with pytest.raises(ConnectionClosed) as caught:
            stream.ws.read()
        assert caught.value.code is Error.CLOSED
        assert not caught.value.clean
        assert caught.value.reason is None
        assert stream.ws.reason is None
        assert stream.near.closed
        assert stream.sent() == []
        with pytest.raises(OperationAborted, match="without a close frame"):
            stream.ws.read()

    @pytest.mark.parametrize("role", Role)
    def test_the_bytes_end_in_a_large_payload(self, role: Role) -> None:
        stream = opened(role)
        stream.far.send(stream.encode((0x82, bytes(200_000)))[:50_000], None)
        with pytest.raises(TimedOut):
            stream.ws.read(timeout=0)
        stream.end()
        with pytest.raises(ConnectionClosed, match="without a close frame"):
            stream.ws.read()

    def test_a_reset(self) -> None:
        stream = _client(HELLO_UNMASKED)
        stream.ws.read()
        stream.far.reset()
        with pytest.raises(ConnectionResetError):
            stream.ws.read()
        assert not stream.ws.is_open
        assert stream.near.closed
        with pytest.raises(OperationAborted, match="receiving failed"):
            stream.ws.read()

    def test_before_a_handshake(self) -> None:
        """C26."""
        near, _ = connected_pair()
        ws = Stream(near)
        assert ws.got_text and not ws.got_binary and ws.is_message_done
        with pytest.raises(OperationAborted, match="needs a handshake"):
            ws.read()
        assert near.receives == 0


def test_every_masking_key_of_the_peer_is_undone() -> None:
    """Section 5.3: the key of each frame counts for its own payload."""
    stream = opened(Role.SERVER)
    payload = bytes(range(256)) * 80
    for key in (b"\0\0\0\0", MASKING_KEY, b"\xff\x00\xff\x00", b"\x01\x02\x03\x04"):
        for size in (1, 3, 599, 600, 601, 20_000):
            stream.far.send(frame(0x02, payload[:size], key) + frame(0x80, b"end", key), None)
            assert stream.ws.read() == payload[:size] + b"end"
