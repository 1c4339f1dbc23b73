import pytest

from beastly.http import Error, Fields, HttpError, Limits
from beastly.http._head import (
    FieldSection,
    request_line_error,
    split_head,
    split_request_line,
    split_status_line,
    status_line_error,
)
from beastly.http._line import LineReader
from tests.support.feeding import feedings


def test_start_lines() -> None:
    """RFC 9112 sections 3 and 4; what is wrong with others is in the tests of the parsers."""
    assert split_request_line("GET /chat HTTP/1.1") == ("GET", "/chat", 11)
    assert split_request_line("M-SEARCH * HTTP/1.0") == ("M-SEARCH", "*", 10)
    assert split_status_line("HTTP/1.1 101 Switching Protocols") == (
        11,
        101,
        "Switching Protocols",
    )
    assert split_status_line("HTTP/1.0 599 ") == (10, 599, "")


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
    assert split_request_line(line) is None
    error = request_line_error(line)
    assert error.code is code
    assert text in str(error)


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


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\nX:\t b\xe9 c\r\nx:\r\n\r\n"


@pytest.mark.parametrize(
    "limits",
    [
        Limits(),
        Limits(start_line=14),
        Limits(fields=3),
        Limits(head=len(HEAD)),
        Limits(field_line=len(HEAD)),
    ],
)
def test_a_whole_head_is_split(limits: Limits) -> None:
    fields = [("Host", "a"), ("X", "b\xe9 c"), ("x", "")]
    assert split_head(HEAD, 0, limits) == ("GET / HTTP/1.1", fields, len(HEAD))
    rest = bytearray(b"...." + HEAD + b"\x00: \r\n\r\n")
    assert split_head(rest, 4, limits) == ("GET / HTTP/1.1", fields, 4 + len(HEAD))


def test_a_head_without_fields_is_split() -> None:
    assert split_head(b"GET / HTTP/1.1\r\n\r\n", 0, Limits()) == ("GET / HTTP/1.1", [], 18)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(start_line=13),
        Limits(fields=2),
        Limits(head=len(HEAD) - 1),
        Limits(field_line=len(HEAD) - 1),
    ],
)
def test_a_head_that_may_pass_a_limit_is_not_split(limits: Limits) -> None:
    assert split_head(HEAD, 0, limits) is None


@pytest.mark.parametrize(
    "line",
    [b"X", b"X :", b" X: a", b"X: \x00", b"X: a\nY: b", b"X: a\r", b"X: a ", b"X:a\t", b": a"],
)
def test_lines_that_need_a_closer_look_are_not_split(line: bytes) -> None:
    assert split_head(b"GET / HTTP/1.1\r\nA: b\r\n" + line + b"\r\n\r\n", 0, Limits()) is None


def test_an_incomplete_head_is_not_split() -> None:
    for size in range(len(HEAD)):
        assert split_head(HEAD[:size], 0, Limits()) is None


def test_bytes_behind_the_section_are_not_looked_at() -> None:
    reader = section(Fields())
    assert reader.feed(b"....\r\n\x00\r\n\r\n", 4) == 6
    assert reader.done
