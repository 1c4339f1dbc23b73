"""`Stream.accept` against any bytes: cut anywhere, malformed, foreign, slow, endless.

What cannot be parsed is answered as RFC 9112 and RFC 9110 section 15 say, where Beast says nothing.
"""

import itertools
import sys
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastly.core import Layer, TimedOut
from beastly.http import Error as HttpErrorCode
from beastly.http import Limits
from beastly.websocket import Error, HandshakeFailed, Stream, Timeout
from tests.support.endless import EndlessLayer, peak_memory
from tests.support.opening import SERVER, SWITCHED, expect_ended, waiting_server
from tests.support.peer import Peer
from tests.support.threads import Background
from tests.support.wire import GOOD_REQUEST, HELLO_MASKED

KIB = 1024


class TestCuts:
    """The same comes of the same bytes, wherever they are cut and whoever has read them."""

    @given(
        st.lists(st.integers(0, len(GOOD_REQUEST + HELLO_MASKED) + 1), max_size=8).map(sorted),
        st.integers(0, 8),
        st.none() | st.integers(1, 64),
    )
    def test_accepted(self, cuts: list[int], read: int, chunk: int | None) -> None:
        data = GOOD_REQUEST + HELLO_MASKED
        pieces = [data[start:stop] for start, stop in itertools.pairwise([0, *cuts, len(data)])]
        stream, _ = waiting_server(b"".join(pieces[read:]), chunk=chunk)
        stream.accept(pieces[:read])
        assert stream.next_layer.sent == SWITCHED
        assert stream.read() == "Hello"

    @given(
        st.lists(st.sampled_from(["POST", "HEAD", "PUT"]), max_size=4),
        st.integers(0, 5 * len(GOOD_REQUEST)),
        st.integers(1, 500),
    )
    def test_refused_before(self, methods: list[str], read: int, chunk: int) -> None:
        """Requests that are refused, in one stream of bytes with the one that is accepted."""
        requests = [GOOD_REQUEST.replace(b"GET", method.encode()) for method in methods]
        data = b"".join(requests) + GOOD_REQUEST + HELLO_MASKED
        stream, _ = waiting_server(data[read:], chunk=chunk)
        already_read = data[:read]
        for method in methods:
            with pytest.raises(HandshakeFailed) as raised:
                stream.accept(already_read)
            already_read = b""
            assert raised.value.detail == f"it is {method!r}"
        stream.accept(already_read)
        assert stream.next_layer.sent.endswith(SWITCHED)
        assert stream.read() == "Hello"


def _replaced(old: bytes, new: bytes) -> bytes:
    assert GOOD_REQUEST.count(old) == 1
    return GOOD_REQUEST.replace(old, new)


def _with(lines: bytes) -> bytes:
    return GOOD_REQUEST[:-2] + lines + b"\r\n"


CHUNKED = _with(b"Transfer-Encoding: chunked\r\n")

MALFORMED = {
    "HTTP/2.0": (_replaced(b"HTTP/1.1", b"HTTP/2.0"), HttpErrorCode.BAD_VERSION, 505),
    "HTTP/1.2": (_replaced(b"HTTP/1.1", b"HTTP/1.2"), HttpErrorCode.BAD_VERSION, 505),
    "http/1.1": (_replaced(b"HTTP/1.1", b"http/1.1"), HttpErrorCode.BAD_VERSION, 505),
    "no version": (_replaced(b" HTTP/1.1", b""), HttpErrorCode.BAD_VERSION, 505),
    "two versions": (
        _replaced(b"HTTP/1.1", b"HTTP/1.1 HTTP/1.1"),
        HttpErrorCode.BAD_TARGET,
        400,
    ),
    "an empty line first": (b"\r\n" + GOOD_REQUEST, HttpErrorCode.BAD_METHOD, 400),
    "a space first": (b" " + GOOD_REQUEST, HttpErrorCode.BAD_METHOD, 400),
    "no method": (_replaced(b"GET ", b""), HttpErrorCode.BAD_METHOD, 400),
    "two spaces": (_replaced(b"GET ", b"GET  "), HttpErrorCode.BAD_TARGET, 400),
    "a space in the target": (_replaced(b"GET /", b"GET /a b"), HttpErrorCode.BAD_TARGET, 400),
    "UTF-8 in the target": (_replaced(b"GET /", b"GET /\xc3\xa9"), HttpErrorCode.BAD_TARGET, 400),
    "a NUL in the target": (_replaced(b"GET /", b"GET /\0"), HttpErrorCode.BAD_TARGET, 400),
    "LF": (GOOD_REQUEST.replace(b"\r\n", b"\n"), HttpErrorCode.BAD_LINE_ENDING, 400),
    "LF once": (_with(b"X: 1\n"), HttpErrorCode.BAD_LINE_ENDING, 400),
    "CR once": (_with(b"X: 1\rY: 2\r\n"), HttpErrorCode.BAD_LINE_ENDING, 400),
    "a space before the colon": (_with(b"X : 1\r\n"), HttpErrorCode.BAD_FIELD, 400),
    "no colon": (_with(b"X\r\n"), HttpErrorCode.BAD_FIELD, 400),
    "no name": (_with(b": 1\r\n"), HttpErrorCode.BAD_FIELD, 400),
    "a folded line": (_with(b"X: 1\r\n 2\r\n"), HttpErrorCode.BAD_OBS_FOLD, 400),
    "a NUL in a value": (_with(b"X: \0\r\n"), HttpErrorCode.BAD_VALUE, 400),
    "Connection is no list": (
        _replaced(b"Connection: upgrade", b"Connection: upgrade, @"),
        HttpErrorCode.BAD_VALUE,
        400,
    ),
    "two hosts": (_with(b"host: b\r\n"), HttpErrorCode.MULTIPLE_HOST, 400),
    "a length that is none": (
        _with(b"Content-Length: +5\r\n"),
        HttpErrorCode.BAD_CONTENT_LENGTH,
        400,
    ),
    "two lengths": (
        _with(b"Content-Length: 0\r\nContent-Length: 0\r\n"),
        HttpErrorCode.MULTIPLE_CONTENT_LENGTH,
        400,
    ),
    "a length and chunks": (
        _with(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        HttpErrorCode.BAD_CONTENT_LENGTH,
        400,
    ),
    "another coding": (
        _with(b"Transfer-Encoding: gzip, chunked\r\n"),
        HttpErrorCode.BAD_TRANSFER_ENCODING,
        501,
    ),
    "no chunk": (CHUNKED + b"x\r\n", HttpErrorCode.BAD_CHUNK, 400),
    "a chunk that is too long": (CHUNKED + b"1\r\nab\r\n", HttpErrorCode.BAD_CHUNK, 400),
    "no chunk extension": (CHUNKED + b"1;=\r\n", HttpErrorCode.BAD_CHUNK_EXTENSION, 400),
}


class TestMalformed:
    """What is no request ends the connection, with an answer."""

    @pytest.mark.parametrize("behind", [b"", GOOD_REQUEST], ids=["alone", "with trailing data"])
    @pytest.mark.parametrize("chunk", [None, 1], ids=["whole", "byte by byte"])
    @pytest.mark.parametrize(
        ("data", "code", "status"), MALFORMED.values(), ids=list(MALFORMED)
    )
    def test_answer(
        self, data: bytes, code: HttpErrorCode, status: int, chunk: int | None, behind: bytes
    ) -> None:
        stream, far = waiting_server(data + behind, ended=True, chunk=chunk)
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        failure = raised.value
        assert (failure.code, failure.keep_alive) == (code, False)
        text = f"{code.message}; {failure.detail} ({code.section})\n".encode()
        assert Peer(far).read_to_end() == (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
            + b"Content-Type: text/plain; charset=utf-8\r\n"
            + f"Content-Length: {len(text)}\r\n".encode()
            + SERVER
            + b"Connection: close\r\n\r\n"
            + text
        )
        # It is read to the end, so that no reset destroys the answer.
        assert stream.next_layer.unread == 0
        expect_ended(stream)

    def test_one_answer_by_hand(self) -> None:
        stream, far = waiting_server(_with(b"X : 1\r\n"), ended=True)
        with pytest.raises(HandshakeFailed):
            stream.accept()
        assert Peer(far).read_to_end() == (
            b"HTTP/1.1 400 Bad Request\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Length: 157\r\n" + SERVER + b"Connection: close\r\n\r\n"
            b"a field line must begin with a name, which is a token, and a colon directly behind"
            b" it; there is white space before the colon: 'X : 1' (RFC 9112 section 5.1)\n"
        )

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            pytest.param(
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(32)),
                "which looks like a TLS handshake: the peer speaks https or wss",
                id="TLS hello",
            ),
            pytest.param(
                b"SSH-2.0-OpenSSH_9.6\r\n",
                "which looks like the banner of an SSH peer",
                id="SSH banner",
            ),
            pytest.param(
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "which looks like the preface of an HTTP/2 client",
                id="HTTP/2 preface",
            ),
            pytest.param(
                b"\x05\x01\x00", "which looks like a SOCKS5 message", id="SOCKS5 greeting"
            ),
            pytest.param(
                HELLO_MASKED, "which looks like a WebSocket text frame", id="WebSocket frame"
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\n\r\n", "which looks like an HTTP response", id="HTTP response"
            ),
        ],
    )
    def test_another_protocol(self, data: bytes, text: str) -> None:
        """Whoever called the wrong port is told which one it was, in the log and the answer."""
        stream, _ = waiting_server(data, ended=True)
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        assert text in str(raised.value)
        assert text.encode() in stream.next_layer.sent
        expect_ended(stream)


class TestExpectation:
    """RFC 9110 section 10.1.1, and Beast's case A37."""

    EXPECTING = _with(b"Expect: 100-continue\r\n").replace(b"GET /", b"GET /api")

    def test_the_answer_follows_the_interim_one(self) -> None:
        stream, _ = waiting_server(self.EXPECTING + HELLO_MASKED)
        stream.accept()
        assert stream.next_layer.sends == [b"HTTP/1.1 100 Continue\r\n\r\n" + SWITCHED]
        assert stream.read() == "Hello"

    def test_a37_a_refusal_comes_at_once(self) -> None:
        """Beast sends a 100 before its 400, and takes `1234` for a key."""
        stream, _ = waiting_server(self.EXPECTING.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"1234"))
        with pytest.raises(HandshakeFailed) as raised:
            stream.accept()
        assert raised.value.code is Error.BAD_SEC_KEY
        assert raised.value.keep_alive
        assert stream.next_layer.sent.startswith(b"HTTP/1.1 400 Bad Request\r\n")

    @pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
    def test_content_is_not_waited_for(self, framing: bytes) -> None:
        """The client waits too, so nobody would go on."""
        stream, far = waiting_server(_with(framing + b"\r\nExpect: 100-continue\r\n"))
        accepting = Background(stream.accept)
        answer = Peer(far).read_to_end()
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"\r\nConnection: close\r\n" in answer
        far.shutdown(None)
        with pytest.raises(HandshakeFailed) as raised:
            accepting.result()
        assert raised.value.code is Error.UNEXPECTED_CONTENT
        expect_ended(stream)

    def test_another_expectation_is_ignored(self) -> None:
        stream, _ = waiting_server(_with(b"Expect: the unexpected\r\n"))
        stream.accept()
        assert stream.next_layer.sent == SWITCHED


class TestSlow:
    """One deadline for the whole call: bytes that trickle in do not move it."""

    @pytest.mark.parametrize(
        "head", [b"", b"GET / HTTP/1.1\r\nX: "], ids=["start line", "field line"]
    )
    def test_one_byte_at_a_time(self, head: bytes) -> None:
        blocks = itertools.chain([head] if head else [], itertools.repeat(b"a"))
        stream: Stream[Layer] = Stream(EndlessLayer(blocks))
        everything = sys.maxsize
        stream.set_option(Limits(everything, everything, everything))
        stream.set_option(Timeout(0.01))
        with pytest.raises(TimedOut):
            stream.accept()
        stream.abort()

    def test_content(self) -> None:
        blocks = itertools.chain([_with(b"Content-Length: 1000000\r\n")], itertools.repeat(b"a"))
        stream: Stream[Layer] = Stream(EndlessLayer(blocks))
        with pytest.raises(TimedOut):
            stream.accept(timeout=0.01)
        stream.abort()


class TestMemory:
    """An endless message takes no more than twice what its limit says."""

    @pytest.mark.parametrize(
        ("head", "block", "code", "limit"),
        [
            pytest.param(b"", b"a" * 16 * KIB, HttpErrorCode.START_LINE_LIMIT, 64, id="start line"),
            pytest.param(
                GOOD_REQUEST[:-2] + b"X: ",
                b"a" * 16 * KIB,
                HttpErrorCode.FIELD_LINE_LIMIT,
                64,
                id="field line",
            ),
            pytest.param(
                GOOD_REQUEST[:-2],
                b"X: y\r\n" * 2000,
                HttpErrorCode.FIELD_COUNT_LIMIT,
                64,
                id="field count",
            ),
            pytest.param(
                GOOD_REQUEST[:-2],
                b"X: " + b"y" * 10_000 + b"\r\n",
                HttpErrorCode.HEADER_LIMIT,
                64,
                id="head",
            ),
            pytest.param(
                CHUNKED,
                b"2710\r\n" + b"y" * 10_000 + b"\r\n",
                HttpErrorCode.BODY_LIMIT,
                1024,
                id="content",
            ),
            pytest.param(
                CHUNKED + b"1;", b"a" * 16 * KIB, HttpErrorCode.BODY_LIMIT, 64, id="chunk extension"
            ),
            pytest.param(
                CHUNKED + b"0\r\n",
                b"X: " + b"y" * 10_000 + b"\r\n",
                HttpErrorCode.HEADER_LIMIT,
                64,
                id="trailers",
            ),
        ],
    )
    def test_endless(self, head: bytes, block: bytes, code: HttpErrorCode, limit: int) -> None:
        blocks = itertools.chain([head] if head else [], itertools.repeat(block, 200))
        stream: Stream[Layer] = Stream(EndlessLayer(blocks))

        def accept() -> None:
            # The blocks that are left are read and dropped after the answer.
            with pytest.raises(HandshakeFailed) as raised:
                stream.accept()
            assert raised.value.code is code

        assert peak_memory(accept) < 2 * limit * KIB
