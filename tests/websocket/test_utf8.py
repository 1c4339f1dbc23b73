"""Checking UTF-8 while it arrives: RFC 3629, and Beast's cases V1 to V18."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beastly.websocket._utf8 import Utf8Checker

# RFC 3629 section 4: after the first byte, what the others may be.
_TAIL = range(0x80, 0xC0)
_SEQUENCES: dict[int, list[range]] = {
    **{first: [] for first in range(0x80)},
    **{first: [_TAIL] for first in range(0xC2, 0xE0)},
    0xE0: [range(0xA0, 0xC0), _TAIL],
    **{first: [_TAIL, _TAIL] for first in range(0xE1, 0xF0)},
    0xED: [range(0x80, 0xA0), _TAIL],
    0xF0: [range(0x90, 0xC0), _TAIL, _TAIL],
    **{first: [_TAIL, _TAIL, _TAIL] for first in range(0xF1, 0xF4)},
    0xF4: [range(0x80, 0x90), _TAIL, _TAIL],
}


def _fault_in(pieces: list[bytes]) -> int | None:
    """Return the index of the piece that is refused, `len(pieces)` for the end, or `None`."""
    checker = Utf8Checker()
    for index, piece in enumerate(pieces):
        try:
            checker.feed(piece)
        except UnicodeDecodeError:
            return index
    try:
        checker.finish()
    except UnicodeDecodeError:
        return len(pieces)
    return None


def _octets(data: bytes) -> list[bytes]:
    return [bytes([octet]) for octet in data]


def test_first_bytes() -> None:
    """V1 to V6, V12: each byte alone is complete, a beginning, or impossible."""
    for first in range(256):
        if first not in _SEQUENCES:
            expected: int | None = 0
        else:
            expected = 1 if _SEQUENCES[first] else None
        assert _fault_in([bytes([first])]) == expected, hex(first)


def test_second_bytes() -> None:
    """V7, V8, V10, V11: a second byte is refused when it comes, not when the sequence ends."""
    for first, tail in _SEQUENCES.items():
        if not tail:
            continue
        for second in range(256):
            whole = len(tail) == 1
            expected = (None if whole else 2) if second in tail[0] else 1
            assert _fault_in([bytes([first]), bytes([second])]) == expected, (first, second)
            together = (None if whole else 1) if second in tail[0] else 0
            assert _fault_in([bytes([first, second])]) == together, (first, second)


@pytest.mark.parametrize("first", [0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4])
def test_later_bytes(first: int) -> None:
    """V10, V11: every length, every boundary, cut after each byte."""
    tail = _SEQUENCES[first]
    for position in range(len(tail)):
        for octet in (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF):
            sequence = [first, *(allowed[0] for allowed in tail)]
            sequence[position + 1] = octet
            valid = octet in tail[position]
            expected = None if valid else position + 1
            assert _fault_in(_octets(bytes(sequence))) == expected, bytes(sequence).hex()


@pytest.mark.parametrize(
    ("pieces", "fault"),
    [
        pytest.param([b"\xc1\xbf"], 0, id="V7"),
        pytest.param([b"\xef\xbf\xbf"], None, id="V9, a noncharacter"),
        pytest.param([b"\xc2\x80" * 16], None, id="V14"),
        pytest.param([b"12345678\x80abc"], 0, id="V15"),
        pytest.param([b"start\xe0", b"\xa6\x81end"], None, id="V16"),
        pytest.param([b"Hello\xf4", b"\x90", b"\x80\x80"], 1, id="V17, V18, Autobahn 6.4.2"),
        pytest.param([b"Hello\xf4\x90\x80\x80"], 0, id="Autobahn 6.4.1"),
        pytest.param([b"\xed", b"\xa0", b"\x80"], 1, id="a surrogate"),
        pytest.param([b"ab\xed\xbf"], 0, id="a surrogate behind text"),
        pytest.param([b"\xed\x9f", b"\xbf"], None, id="the last one before the surrogates"),
        pytest.param([b"\xee", b"\x80\x80"], None, id="the first one behind the surrogates"),
        pytest.param([b"", b"", b""], None, id="nothing"),
        pytest.param([b"\xe2\x82", b"", b"\xac"], None, id="an empty piece inside a code point"),
        pytest.param([b"\xe2\x82", b""], 2, id="an end inside a code point"),
    ],
)
def test_pieces(pieces: list[bytes], fault: int | None) -> None:
    assert _fault_in(pieces) == fault


@pytest.mark.parametrize(
    "text",
    ["Heizölrückstoßabdämpfung", "Σὲ γνωρίζω ἀπὸ τὴν κόψη", "Árvíztűrő tükörfúrógép", "\U00010000"],
)
def test_languages_in_pieces_of_three_bytes(text: str) -> None:
    """V13."""
    data = text.encode()
    assert _fault_in([data[at : at + 3] for at in range(0, len(data), 3)]) is None


def test_more_than_one_block() -> None:
    text = "aé€\U0001f600" * 20000
    checker = Utf8Checker()
    checker.feed(memoryview(text.encode()))
    checker.finish()
    assert _fault_in([text.encode() + b"\xff"]) == 0
    assert _fault_in([b"a" * 65535 + b"\xed\xa0"]) == 0


@given(st.binary(max_size=12), st.integers(0, 12))
@example(b"\xed\xa0\x80", 1)
def test_agrees_with_the_decoder(data: bytes, cut: int) -> None:
    try:
        data.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    assert (_fault_in([data[:cut], data[cut:]]) is None) == valid
    assert (_fault_in(_octets(data)) is None) == valid
