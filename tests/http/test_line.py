import pytest

from beastly.http import Error, HttpError
from beastly.http import _line
from beastly.http._line import LineReader
from tests.support.feeding import feedings


def reader(limit: int = 100) -> LineReader:
    return LineReader(limit, Error.FIELD_LINE_LIMIT, Error.BAD_VALUE)


def read_all(lines: LineReader, pieces: list[bytes]) -> list[str]:
    found: list[str] = []
    for piece in pieces:
        start = 0
        while start < len(piece):
            line, start = lines.read(piece, start)
            if line is not None:
                found.append(line)
    return found


def error_in(data: bytes, limit: int = 100) -> Error | None:
    """Return the code for `data`, which must be the same however it is cut, and not come before."""
    codes: set[Error | None] = set()
    for pieces in feedings(data):
        try:
            read_all(reader(limit), pieces)
            codes.add(None)
        except HttpError as error:
            codes.add(error.code)
    read_all(reader(limit), [data[:-1]])
    assert len(codes) == 1
    return codes.pop()


def test_lines_however_they_are_cut() -> None:
    data = b"one\r\n\r\ntwo \t\xe9\x85\r\nthree"
    for pieces in feedings(data):
        lines = reader()
        assert read_all(lines, pieces) == ["one", "", "two \t\xe9\x85"]
        assert lines.partial == b"three"


def test_bytearrays_are_read_too() -> None:
    assert reader().read(bytearray(b"..one\r\ntwo"), 2) == ("one", 7)


@pytest.mark.parametrize("character", [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
def test_control_characters(character: int) -> None:
    """RFC 9110 section 5.5. Found at once, without the rest of the line."""
    assert error_in(b"a" + bytes([character])) is Error.BAD_VALUE
    with pytest.raises(HttpError, match=f"byte 1 of the line is 0x{character:02x}"):
        read_all(reader(), [b"a" + bytes([character]) + b"b\r\n"])


@pytest.mark.parametrize("data", [b"\n", b"a\n", b"\ra", b"a\rb", b"a\r\r", b"a\r\nb\n", b"\r\n\n"])
def test_bare_line_ends(data: bytes) -> None:
    """RFC 9112 section 2.2: neither LF nor CR stands alone."""
    assert error_in(data) is Error.BAD_LINE_ENDING


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\x00\n\r\n", Error.BAD_VALUE), (b"\r\x00\r\n", Error.BAD_LINE_ENDING)],
)
def test_the_first_of_two_errors_is_reported(data: bytes, code: Error) -> None:
    for pieces in feedings(data):
        with pytest.raises(HttpError) as caught:
            read_all(reader(), pieces)
        assert caught.value.code is code


def test_limit() -> None:
    for pieces in feedings(b"abcd\r\nab\r\n"):
        assert read_all(reader(4), pieces) == ["abcd", "ab"]
    assert error_in(b"abcde", 4) is Error.FIELD_LINE_LIMIT
    assert error_in(b"abcd\r\nabcde", 4) is Error.FIELD_LINE_LIMIT
    assert error_in(b"a", 0) is Error.FIELD_LINE_LIMIT
    assert error_in(b"abcd\n", 4) is Error.BAD_LINE_ENDING


def test_the_limit_of_a_whole_line() -> None:
    """A limit is not passed because the line is complete."""
    for data in (b"abcde\r\n", b"abcde\n", b"abcd\x00e", b"abcdefgh" * 10):
        with pytest.raises(HttpError):
            reader(4).read(data, 0)


def test_limit_and_codes_can_change_between_lines() -> None:
    lines = reader(4)
    assert read_all(lines, [b"abcd\r\n"]) == ["abcd"]
    lines.limit, lines.too_long, lines.illegal = 2, Error.HEADER_LIMIT, Error.BAD_CHUNK
    with pytest.raises(HttpError) as caught:
        lines.read(b"abc", 0)
    assert caught.value.code is Error.HEADER_LIMIT


def test_no_more_than_the_limit_is_kept() -> None:
    lines = reader(10)
    with pytest.raises(HttpError):
        lines.read(b"a" * 100_000, 0)
    assert len(lines.partial) <= 13


class ScanCounter:
    """Stands in for the pattern that looks for illegal bytes, and counts how many it looks at."""

    def __init__(self) -> None:
        self.scanned = 0

    def search(self, data: bytearray, start: int, stop: int) -> None:
        assert data
        self.scanned += max(0, stop - start)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_each_byte_is_looked_at_once(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Cost grows with the size of a line, not with the number of pieces (CVE-2023-43669)."""
    counter = ScanCounter()
    monkeypatch.setattr(_line, "_ILLEGAL_BYTE", counter)
    lines = reader(5000)
    for _ in range(5000 // size):
        assert lines.read(b"a" * size, 0) == (None, size)
    assert counter.scanned == len(lines.partial) == 5000 // size * size
