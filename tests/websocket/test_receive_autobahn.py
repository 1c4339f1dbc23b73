"""Autobahn|Testsuite, sections 1 to 7, as bytes: what a client's machine makes of each case.

The numbers are the suite's. The echo, the pong and the close frame that it waits for are the
stream's to send; here it counts what is handed out, in which order, and what is refused and why.
"""

import pytest

from beastly.core import Role
from beastly.websocket._close_payload import parse_close
from beastly.websocket.error import Error, ProtocolViolation
from tests.support.feeding import feedings
from tests.support.receiving import Event, close, events_of, frame, ping, pong, receiver
from tests.support.wire import MASKING_KEY

_SIZES = [0, 125, 126, 127, 128, 65535, 65536]


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("chop", [None, 997])
def test_1_echo(size: int, chop: int | None) -> None:
    """1.1 and 1.2: text and binary frames of every form, whole and in chops."""
    text, binary = "*" * size, b"\xfe" * size
    wire = frame(0x81, text.encode()) + frame(0x82, binary)
    step = chop or len(wire)
    pieces = [wire[at : at + step] for at in range(0, len(wire), step)]
    assert events_of(pieces) == [text, binary]


_CASES: list[tuple[str, bytes, list[Event]]] = [
    ("2.1", b"\x89\x00", [ping()]),
    ("2.2", b"\x89\x0dHello, world!", [ping(b"Hello, world!")]),
    ("2.3", b"\x89\x04\x00\xff\xfe\xfd", [ping(b"\x00\xff\xfe\xfd")]),
    ("2.4", b"\x89\x7d" + b"\xfe" * 125, [ping(b"\xfe" * 125)]),
    ("2.5", b"\x89\x7e\x00\x7e" + b"\xfe" * 126, [Error.BAD_CONTROL_SIZE]),
    ("2.7", b"\x8a\x00\x89\x00", [pong(), ping()]),
    ("2.8", b"\x8a\x03abc\x89\x00", [pong(b"abc"), ping()]),
    ("2.10", b"\x89\x01a\x89\x01b\x89\x01c", [ping(b"a"), ping(b"b"), ping(b"c")]),
    ("3.1", b"\x91\x05Hello", [Error.BAD_RESERVED_BITS]),
    ("3.2", b"\x81\x05Hello\xa1\x05Hello\x89\x00", ["Hello", Error.BAD_RESERVED_BITS]),
    ("3.4", b"\x81\x05Hello\xc1\x05Hello\x89\x00", ["Hello", Error.BAD_RESERVED_BITS]),
    ("3.5", b"\xd2\x02\x00\xff", [Error.BAD_RESERVED_BITS]),
    ("3.6", b"\xe9\x00", [Error.BAD_RESERVED_BITS]),
    ("3.7", b"\xf8\x00", [Error.BAD_RESERVED_BITS]),
    ("4.1.1", b"\x83\x00", [Error.BAD_OPCODE]),
    ("4.1.3", b"\x81\x05Hello\x85\x00\x89\x00", ["Hello", Error.BAD_OPCODE]),
    ("4.1.5", b"\x81\x05Hello\x87\x01a\x89\x00", ["Hello", Error.BAD_OPCODE]),
    ("4.2.1", b"\x8b\x00", [Error.BAD_OPCODE]),
    ("4.2.5", b"\x81\x05Hello\x8f\x01a\x89\x00", ["Hello", Error.BAD_OPCODE]),
    ("5.1", b"\x09\x01a\x80\x01b", [Error.BAD_CONTROL_FRAGMENT]),
    ("5.2", b"\x0a\x01a\x80\x01b", [Error.BAD_CONTROL_FRAGMENT]),
    ("5.3", b"\x01\x02ab\x80\x02cd", ["abcd"]),
    ("5.6", b"\x01\x02ab\x89\x01?\x80\x02cd", [ping(b"?"), "abcd"]),
    ("5.9", b"\x80\x01a\x81\x01b", [Error.BAD_CONTINUATION]),
    ("5.12", b"\x00\x01a\x81\x01b", [Error.BAD_CONTINUATION]),
    ("5.15", b"\x01\x01a\x80\x01b\x00\x01c\x81\x01d", ["ab", Error.BAD_CONTINUATION]),
    ("5.18", b"\x01\x01a\x81\x01b", [Error.BAD_DATA_FRAME]),
    (
        "5.19",
        b"\x01\x01a\x00\x01b\x89\x011\x00\x01c\x00\x01d\x89\x012\x80\x01e",
        [ping(b"1"), ping(b"2"), "abcde"],
    ),
    ("6.1.1", b"\x81\x00", [""]),
    ("6.1.2", b"\x01\x00\x00\x00\x80\x00", [""]),
    ("6.1.3", b"\x01\x00\x00\x05Hello\x80\x00", ["Hello"]),
    ("6.2.1", b"\x81\x0bHello-\xc2\xb5@\xc3\x9f", ["Hello-µ@ß"]),
    ("6.2.2", b"\x01\x08Hello-\xc2\xb5\x80\x03@\xc3\x9f", ["Hello-µ@ß"]),
    ("6.2.4", b"\x01\x01\xce\x00\x01\xba\x80\x00", ["κ"]),
    ("6.3.1", b"\x81\x0a\xce\xba\xed\xa0\x80edite", [Error.BAD_FRAME_PAYLOAD]),
    ("6.3.2", b"\x01\x01\xed\x00\x01\xa0\x80\x01\x80", [Error.BAD_FRAME_PAYLOAD]),
    ("6.4.1", b"\x01\x02\xce\xba\x00\x04\xf4\x90\x80\x80", [Error.BAD_FRAME_PAYLOAD]),
    ("6.4.2", b"\x01\x03\xce\xba\xf4\x00\x01\x90", [Error.BAD_FRAME_PAYLOAD]),
    ("6.4.3", b"\x81\x0c\xce\xba\xf4\x90\x80\x80", [Error.BAD_FRAME_PAYLOAD]),
    ("6.4.4", b"\x81\x0c\xce\xba\xf4\x90", [Error.BAD_FRAME_PAYLOAD]),
    # Closing: what follows a close frame is the stream's to ignore, so each is one event.
    ("7.1.1", b"\x81\x01a\x88\x00", ["a", close()]),
    ("7.1.5", b"\x01\x01a\x88\x02\x03\xe8", [close(b"\x03\xe8")]),
    ("7.3.5", b"\x88\x7d\x03\xe8" + b"*" * 123, [close(b"\x03\xe8" + b"*" * 123)]),
    ("7.3.6", b"\x88\x7e\x00\x7e\x03\xe8" + b"*" * 124, [Error.BAD_CONTROL_SIZE]),
]


@pytest.mark.parametrize(
    ("wire", "expected"), [pytest.param(wire, events, id=name) for name, wire, events in _CASES]
)
def test_cases(wire: bytes, expected: list[Event]) -> None:
    for pieces in feedings(wire):
        assert events_of(pieces) == expected
    if not isinstance(expected[-1], Error):
        assert events_of([wire + b"\x89"]) == expected


# 6.5 to 6.23: the sequences of Markus Kuhn's UTF-8 test, and whether they are valid.
_UTF8 = [
    ("κόσμε", "ceba e1bdb9 cf83 cebc ceb5", True),
    ("first of 1 byte", "00", True),
    ("first of 2 bytes", "c280", True),
    ("first of 3 bytes", "e0a080", True),
    ("first of 4 bytes", "f0908080", True),
    ("first of 5 bytes", "f888808080", False),
    ("first of 6 bytes", "fc8480808080", False),
    ("last of 1 byte", "7f", True),
    ("last of 2 bytes", "dfbf", True),
    ("last of 3 bytes", "efbfbf", True),
    ("last of 4 bytes", "f48fbfbf", True),
    ("above U+10FFFF", "f4908080", False),
    ("last of 4 byte form", "f7bfbfbf", False),
    ("last of 5 bytes", "fbbfbfbfbf", False),
    ("last of 6 bytes", "fdbfbfbfbfbf", False),
    ("before the surrogates", "ed9fbf", True),
    ("after the surrogates", "ee8080", True),
    ("U+FFFD", "efbfbd", True),
    ("continuation byte 80", "80", False),
    ("continuation byte bf", "bf", False),
    ("continuation bytes", "80bf80bf80bf", False),
    ("lonely start of 2", "c320", False),
    ("lonely start of 3", "e120", False),
    ("lonely start of 4", "f120", False),
    ("cut short after 1 of 2", "ceba e1bdb9 cf", False),
    ("cut short after 2 of 3", "e182", False),
    ("cut short after 3 of 4", "f48fbf", False),
    ("fe", "fe", False),
    ("ff", "ff", False),
    ("overlong slash, 2", "c0af", False),
    ("overlong slash, 3", "e080af", False),
    ("overlong slash, 4", "f08080af", False),
    ("overlong end, 2", "c1bf", False),
    ("overlong end, 3", "e09fbf", False),
    ("overlong end, 4", "f08fbfbf", False),
    ("overlong NUL", "c080", False),
    ("first surrogate", "eda080", False),
    ("last high surrogate", "edafbf", False),
    ("first low surrogate", "edb080", False),
    ("a pair of surrogates", "eda080edb080", False),
    ("U+FDD0", "efb790", True),
    ("U+1FFFE", "f09fbfbe", True),
    ("U+10FFFF", "f48fbfbf", True),
]


@pytest.mark.parametrize(
    ("data", "valid"), [pytest.param(bytes.fromhex(data), ok, id=name) for name, data, ok in _UTF8]
)
@pytest.mark.parametrize(("key", "role"), [(b"", Role.CLIENT), (MASKING_KEY, Role.SERVER)])
def test_6_utf8(data: bytes, valid: bool, key: bytes, role: Role) -> None:
    """In one frame, in fragments of one byte, and ended by an empty fragment."""
    expected: list[Event] = [data.decode() if valid else Error.BAD_FRAME_PAYLOAD]
    fragments = [bytes([octet]) for octet in data]
    for wire in (
        frame(0x81, data, key),
        frame(0x01, data, key) + frame(0x80, b"", key),
        frame(0x01, b"", key)
        + b"".join(frame(0x00, octet, key) for octet in fragments[:-1])
        + frame(0x80, fragments[-1], key),
    ):
        for pieces in feedings(wire):
            assert events_of(pieces, receiver(role)) == expected


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(b"\x03", Error.BAD_CLOSE_SIZE, id="7.3.2"),
        pytest.param(b"\x03\xe8\xce\xba\xed\xa0\x80", Error.BAD_CLOSE_PAYLOAD, id="7.5.1"),
        pytest.param(b"\x00\x00", Error.BAD_CLOSE_CODE, id="7.9.1"),
        pytest.param(b"\x0b\xb7", Error.BAD_CLOSE_CODE, id="7.9.9"),
    ],
)
def test_7_closing(payload: bytes, code: Error) -> None:
    with pytest.raises(ProtocolViolation) as caught:
        parse_close(payload)
    assert caught.value.code is code
