"""`Stream.handshake` against any bytes: cut anywhere, malformed, foreign, slow, endless; and ended
by another thread."""

import itertools
import sys
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastly.core import Busy, Deadline, ForwardingLayer, Layer, OperationAborted, TimedOut
from beastly.http import Error as HttpErrorCode
from beastly.http import Limits
from beastly.websocket import Error, HandshakeFailed, Stream, response_type
from tests.support.endless import EndlessLayer, peak_memory
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.opening import expect_ended, fitting, respond
from tests.support.peer import Peer, peer
from tests.support.threads import Background
from tests.support.wire import GOOD_RESPONSE, HELLO_MASKED, HELLO_UNMASKED

KIB = 1024

REFUSAL = (
    b"HTTP/1.1 404 Not Found\r\n"
    b"Content-Length: 7\r\n"
    b"\r\n"
    b"no room"
)  # fmt: skip


def _client_of(wire: bytes, chunk: int | None = None) -> Stream[MemoryLayer]:
    """A stream whose server says `wire` whatever it is asked, and ends."""
    near, far = connected_pair(chunk)
    if wire:
        far.send(wire, None)
    far.shutdown(None)
    return Stream(near)


class TestCuts:
    """The same comes of the same bytes, wherever they are cut."""

    @given(
        st.lists(st.integers(0, len(GOOD_RESPONSE + HELLO_UNMASKED)), max_size=8).map(sorted),
        st.none() | st.integers(1, 64),
    )
    def test_accepted(self, cuts: list[int], chunk: int | None) -> None:
        def serve(end: Peer) -> None:
            data = fitting(GOOD_RESPONSE + HELLO_UNMASKED, end.read_until(b"\r\n\r\n"))
            for start, stop in itertools.pairwise([0, *cuts, len(data)]):
                if start < stop:
                    end.send(data[start:stop])

        near, far = connected_pair(chunk)
        stream = Stream(near)
        with peer(far, serve):
            stream.handshake("localhost", "/")
            assert stream.read() == "Hello"

    @pytest.mark.parametrize("size", range(len(REFUSAL)))
    def test_truncated(self, size: int) -> None:
        stream = _client_of(REFUSAL[:size])
        response = response_type()
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake(response, "localhost", "/")
        expected = HttpErrorCode.PARTIAL_MESSAGE if size else HttpErrorCode.END_OF_STREAM
        assert (raised.value.code, raised.value.keep_alive) == (expected, False)
        assert raised.value.response is stream.response is None
        assert response.status == 500
        expect_ended(stream)


def _replaced(old: bytes, new: bytes) -> bytes:
    assert GOOD_RESPONSE.count(old) == 1
    return GOOD_RESPONSE.replace(old, new)


def _with(lines: bytes) -> bytes:
    return REFUSAL.replace(b"Content-Length: 7\r\n", lines)


MALFORMED = {
    "HTTP/2.0": (_replaced(b"HTTP/1.1", b"HTTP/2.0"), HttpErrorCode.BAD_VERSION),
    "an empty line first": (b"\r\n" + GOOD_RESPONSE, HttpErrorCode.BAD_VERSION),
    "no status": (_replaced(b" 101 Switching Protocols", b""), HttpErrorCode.BAD_STATUS),
    "two digits": (_replaced(b"101", b"10"), HttpErrorCode.BAD_STATUS),
    "four digits": (_replaced(b"101", b"1010"), HttpErrorCode.BAD_STATUS),
    "nothing behind the status": (
        _replaced(b"101 Switching Protocols", b"101"),
        HttpErrorCode.BAD_STATUS,
    ),
    "a NUL in the reason": (_replaced(b"Switching", b"Swi\0tching"), HttpErrorCode.BAD_REASON),
    "LF": (GOOD_RESPONSE.replace(b"\r\n", b"\n"), HttpErrorCode.BAD_LINE_ENDING),
    "a space before the colon": (_with(b"X : 1\r\n"), HttpErrorCode.BAD_FIELD),
    "a folded line": (_with(b"X: 1\r\n 2\r\n"), HttpErrorCode.BAD_OBS_FOLD),
    "a NUL in a value": (_with(b"X: \0\r\n"), HttpErrorCode.BAD_VALUE),
    "Connection is no list": (
        _replaced(b"Connection: Upgrade", b"Connection: @"),
        HttpErrorCode.BAD_VALUE,
    ),
    "a length and chunks": (
        _with(b"Content-Length: 7\r\nTransfer-Encoding: chunked\r\n"),
        HttpErrorCode.BAD_CONTENT_LENGTH,
    ),
    "two lengths": (
        _with(b"Content-Length: 7\r\nContent-Length: 8\r\n"),
        HttpErrorCode.MULTIPLE_CONTENT_LENGTH,
    ),
    "another coding": (
        _with(b"Transfer-Encoding: gzip\r\n"),
        HttpErrorCode.BAD_TRANSFER_ENCODING,
    ),
    "no chunk": (
        _with(b"Transfer-Encoding: chunked\r\n") + b"\r\n",
        HttpErrorCode.BAD_CHUNK,
    ),
}


class TestMalformed:
    """What is no response ends the connection; nothing more is sent."""

    @pytest.mark.parametrize("behind", [b"", GOOD_RESPONSE], ids=["alone", "with trailing data"])
    @pytest.mark.parametrize("chunk", [None, 1], ids=["whole", "byte by byte"])
    @pytest.mark.parametrize(("data", "code"), MALFORMED.values(), ids=list(MALFORMED))
    def test_malformed(
        self, data: bytes, code: HttpErrorCode, chunk: int | None, behind: bytes
    ) -> None:
        stream = _client_of(data + behind, chunk)
        response = response_type()
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake(response, "localhost", "/")
        failure = raised.value
        assert (failure.code, failure.keep_alive, failure.response) == (code, False, None)
        assert failure.request is stream.request
        assert isinstance(failure.__cause__, Exception)
        assert response.status == 500
        assert len(stream.next_layer.sends) == 1
        expect_ended(stream)

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            pytest.param(
                b"\x15\x03\x01\x00\x02\x02\x46",
                "which looks like a TLS alert: the peer speaks https or wss",
                id="TLS alert",
            ),
            pytest.param(
                b"SSH-2.0-OpenSSH_9.6\r\n",
                "which looks like the banner of an SSH peer",
                id="SSH banner",
            ),
            pytest.param(
                b"220 mail.example ESMTP\r\n",
                "which looks like the greeting of an SMTP or FTP server",
                id="SMTP greeting",
            ),
            pytest.param(b"\0\0\x12\x04\0", "which looks like an HTTP/2 frame", id="HTTP/2"),
            pytest.param(
                HELLO_MASKED, "which looks like a WebSocket text frame", id="WebSocket frame"
            ),
            pytest.param(
                b"<html>\r\n", "which looks like a document without a head", id="HTTP/0.9"
            ),
            pytest.param(
                b"GET / HTTP/1.1\r\n\r\n", "which looks like an HTTP request", id="HTTP request"
            ),
        ],
    )
    def test_another_protocol(self, data: bytes, text: str) -> None:
        """Whoever called the wrong port is told which one it was."""
        stream = _client_of(data)
        with pytest.raises(HandshakeFailed, match=text) as raised:
            stream.handshake("localhost", "/")
        assert raised.value.code is HttpErrorCode.BAD_VERSION
        expect_ended(stream)

    def test_an_interim_response_that_is_malformed(self) -> None:
        stream = _client_of(b"HTTP/1.1 100 Continue\r\nX : 1\r\n\r\n" + GOOD_RESPONSE)
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake("localhost", "/")
        assert raised.value.code is HttpErrorCode.BAD_FIELD
        expect_ended(stream)


class TestSlow:
    """One deadline for the whole call: bytes that trickle in do not move it."""

    @pytest.mark.parametrize(
        "blocks",
        [
            [b"HTTP/1.1 200 "],
            [b"HTTP/1.1 200 OK\r\nX: "],
            [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"],
            [b"HTTP/1.1 200 OK\r\n\r\n"],
        ],
        ids=["status line", "field line", "content", "content until close"],
    )
    def test_one_byte_at_a_time(self, blocks: list[bytes]) -> None:
        layer = EndlessLayer(itertools.chain(blocks, itertools.repeat(b"a")))
        stream: Stream[Layer] = Stream(layer)
        everything = sys.maxsize
        stream.set_option(Limits(everything, everything, everything, content=everything))
        with pytest.raises(TimedOut):
            stream.handshake("localhost", "/", timeout=0.01)

    def test_one_interim_response_after_another(self) -> None:
        stream: Stream[Layer] = Stream(
            EndlessLayer(itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"))
        )
        with pytest.raises(TimedOut):
            stream.handshake("localhost", "/", timeout=0.01)


class TestMemory:
    """An endless response takes no more than twice what its limit says."""

    @pytest.mark.parametrize(
        ("head", "block", "code", "limit"),
        [
            pytest.param(
                b"HTTP/1.1 200 ", b"a" * 16 * KIB, HttpErrorCode.START_LINE_LIMIT, 64, id="status"
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nX: ",
                b"a" * 16 * KIB,
                HttpErrorCode.FIELD_LINE_LIMIT,
                64,
                id="field line",
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\n",
                b"X: y\r\n" * 2000,
                HttpErrorCode.FIELD_COUNT_LIMIT,
                64,
                id="field count",
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\n",
                b"X: " + b"y" * 10_000 + b"\r\n",
                HttpErrorCode.HEADER_LIMIT,
                64,
                id="head",
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\n\r\n",
                b"a" * 16 * KIB,
                HttpErrorCode.BODY_LIMIT,
                1024,
                id="content until close",
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"2710\r\n" + b"y" * 10_000 + b"\r\n",
                HttpErrorCode.BODY_LIMIT,
                1024,
                id="chunks",
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
                b"a" * 16 * KIB,
                HttpErrorCode.BODY_LIMIT,
                64,
                id="announced",
            ),
        ],
    )
    def test_endless(self, head: bytes, block: bytes, code: HttpErrorCode, limit: int) -> None:
        stream: Stream[Layer] = Stream(EndlessLayer([head, *itertools.repeat(block, 200)]))

        def handshake() -> None:
            with pytest.raises(HandshakeFailed) as raised:
                stream.handshake("localhost", "/")
            assert raised.value.code is code

        assert peak_memory(handshake) < 2 * limit * KIB

    def test_at_the_limit(self) -> None:
        """1 MiB of content is read, one byte more is not."""
        size = 1024 * KIB
        head = b"HTTP/1.1 404 Not Found\r\nContent-Length: "
        stream = _client_of(head + b"%d\r\n\r\n" % size + b"a" * size)
        response = response_type()
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake(response, "localhost", "/")
        assert raised.value.code is Error.UPGRADE_DECLINED
        assert len(response.body) == size

    def test_limits_can_be_set(self) -> None:
        stream = _client_of(REFUSAL)
        stream.set_option(Limits(content=6))
        with pytest.raises(HandshakeFailed) as raised:
            stream.handshake("localhost", "/")
        assert raised.value.code is HttpErrorCode.BODY_LIMIT


class EndsAfterReceiving(ForwardingLayer):
    """A layer whose stream is ended at the moment in which bytes were received."""

    def __init__(self, below: Layer) -> None:
        super().__init__(below)
        self.end: Callable[[], None] = lambda: None

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        data = super().receive(size, deadline)
        self.end()
        return data


@pytest.mark.parametrize("end", [Stream.abort, Stream.close], ids=["abort", "close"])
class TestEndedByAnotherThread:
    """`abort` and `close` are for any thread at any time."""

    def test_while_it_reads(self, end: Callable[[Stream[MemoryLayer]], None]) -> None:
        near, far = connected_pair()
        far.send(b"HTTP/1.1 101 ", None)
        stream = Stream(near)
        shaking = Background(lambda: stream.handshake("localhost", "/"))
        near.wait_for_receiver()
        end(stream)
        with pytest.raises(OperationAborted, match="handshake came after the end: "):
            shaking.result()
        assert len(near.sends) == 1
        expect_ended(stream)

    def test_while_it_sends(self, end: Callable[[Stream[MemoryLayer]], None]) -> None:
        near, _ = connected_pair(capacity=20)
        stream = Stream(near)
        shaking = Background(lambda: stream.handshake("localhost", "/"))
        near.wait_for_sender()
        end(stream)
        with pytest.raises(OperationAborted, match="handshake came after the end: "):
            shaking.result()
        assert near.sent == b"GET / HTTP/1.1\r\nHost"
        expect_ended(stream)

    @pytest.mark.parametrize("response", [GOOD_RESPONSE, REFUSAL], ids=["accepted", "refused"])
    def test_after_the_response(
        self, response: bytes, end: Callable[[Stream[Layer]], None]
    ) -> None:
        """In the moment between its last byte and the opening of the stream."""
        near, far = connected_pair()
        layer = EndsAfterReceiving(near)
        stream: Stream[Layer] = Stream(layer)
        layer.end = lambda: end(stream)
        with peer(far, partial(respond, response=response)):
            with pytest.raises(OperationAborted, match="handshake came after the end: "):
                stream.handshake("localhost", "/")
        assert near.closed
        assert not stream.is_open


def test_a_second_thread_is_busy() -> None:
    near, far = connected_pair()
    stream = Stream(near)
    shaking = Background(lambda: stream.handshake("localhost", "/"))
    near.wait_for_receiver()
    with pytest.raises(Busy):
        stream.handshake("localhost", "/")
    with pytest.raises(Busy):
        stream.accept()
    respond(Peer(far))
    shaking.result()
    assert len(near.sends) == 1
    assert stream.is_open


def test_a_reset() -> None:
    near, far = connected_pair()
    far.reset()
    stream = Stream(near)
    with pytest.raises(ConnectionResetError):
        stream.handshake("localhost", "/")
    expect_ended(stream)
