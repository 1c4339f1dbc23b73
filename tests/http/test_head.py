import re

import pytest

from beastly.http import Error, Fields, HttpError, Limits
from beastly.http import _head
from beastly.http._head import FieldSection, parse_request_line, parse_status_line
from beastly.http._line import LineReader
from tests.support.feeding import feedings


def test_start_lines() -> None:
    """RFC 9112 sections 3 and 4; what is wrong with others is in the tests of the parsers."""
    assert parse_request_line("GET /chat HTTP/1.1") == ("GET", "/chat", 11)
    assert parse_request_line("M-SEARCH * HTTP/1.0") == ("M-SEARCH", "*", 10)
    assert parse_status_line("HTTP/1.1 101 Switching Protocols") == (
        11,
        101,
        "Switching Protocols",
    )
    assert parse_status_line("HTTP/1.0 599 ") == (10, 599, "")


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("PRI * HTTP/2.0", Error.BAD_VERSION, "the preface of an HTTP/2 client"),
        ("220 mail.example.com ESMTP", Error.BAD_VERSION, "an SMTP or FTP server"),
        ("SSH-2.0-OpenSSH_9.6", Error.BAD_METHOD, "an SSH peer"),
        ("HTTP/1.1 200 OK", Error.BAD_METHOD, "an HTTP response"),
        ("GET / HTTP/3", Error.BAD_VERSION, "it begins with b'GET / HTTP/3' ("),
    ],
)
def test_a_bad_request_line_is_explained(line: str, code: Error, text: str) -> None:
    with pytest.raises(HttpError) as caught:
        parse_request_line(line)
    assert caught.value.code is code
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (" a: b\r\n", "a line begins with ' a: b'"),
        ("Host : a\r\n", "white space before the colon: 'Host : a'"),
        ("Host\r\n", "a line begins with 'Host'"),
    ],
)
def test_a_bad_field_line_is_explained(line: str, text: str) -> None:
    with pytest.raises(HttpError, match=text):
        section(Fields()).feed(line.encode(), 0)


def section(fields: Fields, limits: Limits | None = None, room: int = 1000) -> FieldSection:
    lines = LineReader(0, Error.START_LINE_LIMIT, Error.BAD_TARGET)
    return FieldSection(fields, lines, Limits() if limits is None else limits, room)


def read_section(pieces: list[bytes], limits: Limits, room: int) -> tuple[Fields, Error | None]:
    fields = Fields()
    reader = section(fields, limits, room)
    try:
        for piece in pieces:
            stop = reader.feed(piece, 0)
            if reader.done:
                assert piece[stop:] in (b"", b"rest")
                break
    except HttpError as error:
        return fields, error.code
    assert reader.done
    return fields, None


DATA = b"Host: a\r\nX:\t b\t \r\nx:c\r\n\r\n"


def test_a_section_however_it_is_cut() -> None:
    for pieces in feedings(DATA):
        fields, error = read_section([*pieces[:-1], pieces[-1] + b"rest"], Limits(), 1000)
        assert error is None
        assert list(fields.lines()) == [("Host", "a"), ("X", "b"), ("x", "c")]


@pytest.mark.parametrize(
    "limits", [Limits(), Limits(fields=3), Limits(field_line=8), Limits(field_line=26)]
)
@pytest.mark.parametrize("room", [len(DATA), len(DATA) + 1, 1000])
def test_at_once_and_line_by_line(
    monkeypatch: pytest.MonkeyPatch, limits: Limits, room: int
) -> None:
    """The short cut for sections that come in one piece reads what the long way reads."""
    short = read_section([DATA + b"rest"], limits, room)
    monkeypatch.setattr(_head, "_FIELD_LINE", re.compile("never"))
    assert read_section([DATA + b"rest"], limits, room) == short
    assert short[1] is None


def test_bytes_behind_the_section_are_not_looked_at() -> None:
    reader = section(Fields())
    assert reader.feed(b"....\r\n\x00\r\n\r\n", 4) == 6
    assert reader.done
