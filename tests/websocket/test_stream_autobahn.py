"""Autobahn|Testsuite, sections 1 to 7 and 10, natively: an echo in either role, frames in and out.

The numbers are the suite's. Each case ends as the fuzzer would end it: with a close frame behind
what is valid, and the end of its bytes.
"""

import pytest

from beastly.websocket import ConnectionClosed, ProtocolViolation, Role
from tests.support.open_stream import Frame, Opened, opened

CLOSE: Frame = (0x88, b"\x03\xe8")
PROTOCOL_ERROR: Frame = (0x88, b"\x03\xea")
BAD_PAYLOAD: Frame = (0x88, b"\x03\xef")

HELLO: Frame = (0x81, b"Hello, world!")
PING: Frame = (0x89, b"")
KOSME = "κόσμε".encode()


def _echo(stream: Opened) -> None:
    """What the suite asks of the program under test."""
    try:
        for message in stream.ws:
            stream.ws.write(message)
    except (ConnectionClosed, ProtocolViolation):
        assert not stream.ws.is_open


def _opened(role: Role, chunk: int | None, *came: Frame) -> Opened:
    """An open stream to which `came` was sent, in chops of `chunk`; large frames not by octets."""
    stream = opened(role)
    stream.send(*came)
    stream.end()
    is_large = stream.near.unread > 10_000
    stream.near.chunk = 997 if chunk == 1 and is_large else chunk
    return stream


def _numbered(first: int, *payloads: bytes) -> list[Frame]:
    return [(first, payload) for payload in payloads]


SIZES = (0, 125, 126, 127, 128, 65535, 65536)
TEN = [b"payload-%d" % number for number in range(10)]

# What is answered in kind, and what the suite's close frame is then answered with: 1000.
GOOD: dict[str, tuple[list[Frame], list[Frame]]] = {
    **{f"1.1 {size}": ([(0x81, b"*" * size)], [(0x81, b"*" * size)]) for size in SIZES},
    **{f"1.2 {size}": ([(0x82, b"\xfe" * size)], [(0x82, b"\xfe" * size)]) for size in SIZES},
    "2.1": ([PING], [(0x8A, b"")]),
    "2.2": ([(0x89, b"Hello, world!")], [(0x8A, b"Hello, world!")]),
    "2.3": ([(0x89, b"\x00\xff\xfe\xfd")], [(0x8A, b"\x00\xff\xfe\xfd")]),
    "2.4 2.6": ([(0x89, b"\xfe" * 125)], [(0x8A, b"\xfe" * 125)]),
    "2.7": ([(0x8A, b"")], []),
    "2.8": ([(0x8A, b"unsolicited")], []),
    "2.9": ([(0x8A, b"unsolicited"), (0x89, b"ping")], [(0x8A, b"ping")]),
    "2.10 2.11": (_numbered(0x89, *TEN), _numbered(0x8A, *TEN)),
    "5.3 5.4 5.5": ([(0x01, b"frag"), (0x80, b"ment")], [(0x81, b"fragment")]),
    "5.6 5.7 5.8": (
        [(0x01, b"frag"), (0x89, b"ping"), (0x80, b"ment")],
        [(0x8A, b"ping"), (0x81, b"fragment")],
    ),
    "5.19 5.20": (
        [
            (0x01, b"1"),
            (0x00, b"2"),
            (0x89, b"pongme 1!"),
            (0x00, b"3"),
            (0x00, b"4"),
            (0x89, b"pongme 2!"),
            (0x80, b"5"),
        ],
        [(0x8A, b"pongme 1!"), (0x8A, b"pongme 2!"), (0x81, b"12345")],
    ),
    "6.1.1": ([(0x81, b"")], [(0x81, b"")]),
    "6.1.2": ([(0x01, b""), (0x00, b""), (0x80, b"")], [(0x81, b"")]),
    "6.1.3": ([(0x01, b""), (0x00, b"middle"), (0x80, b"")], [(0x81, b"middle")]),
    "6.2.1": ([(0x81, KOSME)], [(0x81, KOSME)]),
    "6.2.2": ([(0x01, KOSME[:4]), (0x80, KOSME[4:])], [(0x81, KOSME)]),
    "6.2.3 6.2.4": (
        [(0x01, b""), *((0x00, bytes([octet])) for octet in KOSME), (0x80, b"")],
        [(0x81, KOSME)],
    ),
    "7.1.1": ([HELLO], [HELLO]),
    "10.1": ([(0x81, b"*" * 65536)], [(0x81, b"*" * 65536)]),
}

# What the suite does not close itself, since it has to be failed, or is closed within.
BAD: dict[str, tuple[list[Frame], list[Frame]]] = {
    "2.5": ([(0x89, b"\xfe" * 126)], [PROTOCOL_ERROR]),
    "3.1": ([(0x91, b"x")], [PROTOCOL_ERROR]),
    "3.2": ([HELLO, (0xA1, b"x"), PING], [HELLO, PROTOCOL_ERROR]),
    "3.3": ([HELLO, (0xB1, b"x"), PING], [HELLO, PROTOCOL_ERROR]),
    "3.4": ([HELLO, (0xC1, b"x"), PING], [HELLO, PROTOCOL_ERROR]),
    "3.5": ([(0xD2, b"\x00\xff")], [PROTOCOL_ERROR]),
    "3.6": ([(0xE9, b"x")], [PROTOCOL_ERROR]),
    "3.7": ([(0xF8, b"")], [PROTOCOL_ERROR]),
    **{
        f"4 {first & 0x0F}": ([(first, payload)], [PROTOCOL_ERROR])
        for first, payload in [(0x83, b""), (0x84, b"x"), (0x8B, b""), (0x8C, b"x")]
    },
    **{
        f"4 {first & 0x0F} behind a message": (
            [HELLO, (first, payload), PING],
            [HELLO, PROTOCOL_ERROR],
        )
        for first, payload in [(0x85, b""), (0x86, b"x"), (0x87, b"x"), (0x8D, b""), (0x8E, b"x"),
                               (0x8F, b"x")]
    },
    "5.1": ([(0x09, b"frag"), (0x80, b"ment")], [PROTOCOL_ERROR]),
    "5.2": ([(0x0A, b"frag"), (0x80, b"ment")], [PROTOCOL_ERROR]),
    "5.9 5.10 5.11": ([(0x80, b"x"), HELLO], [PROTOCOL_ERROR]),
    "5.12 5.13 5.14": ([(0x00, b"x"), HELLO], [PROTOCOL_ERROR]),
    "5.15": (
        [(0x01, b"frag"), (0x80, b"ment"), (0x00, b"x"), HELLO],
        [(0x81, b"fragment"), PROTOCOL_ERROR],
    ),
    "5.16": ([(0x00, b"x"), (0x01, b"y"), (0x80, b"z")], [PROTOCOL_ERROR]),
    "5.17": ([(0x80, b"x"), (0x01, b"y"), (0x80, b"z")], [PROTOCOL_ERROR]),
    "5.18": ([(0x01, b"frag"), (0x81, b"ment")], [PROTOCOL_ERROR]),
    "6.3.1": ([(0x81, KOSME + b"\xed\xa0\x80edited")], [BAD_PAYLOAD]),
    "6.3.2": (
        [(0x01, b""), *((0x00, bytes([octet])) for octet in KOSME + b"\xed\xa0\x80")],
        [BAD_PAYLOAD],
    ),
    "6.4.1": ([(0x01, KOSME), (0x00, b"\xf4\x90\x80\x80")], [BAD_PAYLOAD]),
    "6.4.2": ([(0x01, KOSME + b"\xf4"), (0x00, b"\x90")], [BAD_PAYLOAD]),
    "7.1.2": ([CLOSE, CLOSE], [CLOSE]),
    "7.1.3": ([CLOSE, PING], [CLOSE]),
    "7.1.4": ([CLOSE, HELLO], [CLOSE]),
    "7.1.5": ([(0x01, b"frag"), CLOSE, (0x80, b"ment")], [CLOSE]),
    "7.1.6": (
        [(0x81, b"*" * 262144), HELLO, CLOSE, PING],
        [(0x81, b"*" * 262144), HELLO, CLOSE],
    ),
    "7.3.1": ([(0x88, b"")], [CLOSE]),
    "7.3.2": ([(0x88, b"\x03")], [PROTOCOL_ERROR]),
    "7.3.3": ([CLOSE], [CLOSE]),
    "7.3.4": ([(0x88, b"\x03\xe8Hello, world!")], [CLOSE]),
    "7.3.5": ([(0x88, b"\x03\xe8" + b"*" * 123)], [CLOSE]),
    "7.3.6": ([(0x88, b"\x03\xe8" + b"*" * 124)], [PROTOCOL_ERROR]),
    "7.5.1": ([(0x88, b"\x03\xe8" + KOSME + b"\xed\xa0\x80edited")], [PROTOCOL_ERROR]),
}

GOOD_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
INFORMATIONAL_CODES = (5000, 65535)
BAD_CODES = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("chunk", [None, 1, 997])
class TestCases:
    @pytest.mark.parametrize("case", GOOD)
    def test_good(self, role: Role, chunk: int | None, case: str) -> None:
        came, expected = GOOD[case]
        stream = _opened(role, chunk, *came, CLOSE)
        _echo(stream)
        assert stream.sent() == [*expected, CLOSE]
        assert stream.near.closed

    @pytest.mark.parametrize("case", BAD)
    def test_bad(self, role: Role, chunk: int | None, case: str) -> None:
        came, expected = BAD[case]
        stream = _opened(role, chunk, *came)
        _echo(stream)
        assert stream.sent() == expected
        assert stream.near.closed

    @pytest.mark.parametrize("code", GOOD_CODES + INFORMATIONAL_CODES)
    def test_7_7_and_7_13_codes_that_are_echoed(
        self, role: Role, chunk: int | None, code: int
    ) -> None:
        close = (0x88, code.to_bytes(2, "big"))
        stream = _opened(role, chunk, close)
        _echo(stream)
        assert stream.sent() == [close]

    @pytest.mark.parametrize("code", BAD_CODES)
    def test_7_9_codes_that_are_refused(self, role: Role, chunk: int | None, code: int) -> None:
        stream = _opened(role, chunk, (0x88, code.to_bytes(2, "big")))
        _echo(stream)
        assert stream.sent() == [PROTOCOL_ERROR]


@pytest.mark.parametrize("role", Role)
def test_10_1_fragments_of_1300(role: Role) -> None:
    """The echo of 64 KiB may be cut, and is cut as it is asked for."""
    stream = opened(role)
    stream.ws.auto_fragment = True
    stream.ws.write_buffer_bytes = 1300
    stream.send((0x81, b"*" * 65536), CLOSE)
    stream.end()
    _echo(stream)
    *fragments, close = stream.sent()
    assert close == CLOSE
    assert [len(payload) for _, payload in fragments] == [1300] * 50 + [536]
    assert [first for first, _ in fragments] == [0x01] + [0x00] * 49 + [0x80]
