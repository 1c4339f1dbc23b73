"""The block that a payload is laid into."""

import tracemalloc

import pytest

from beastly.websocket._assembly import Assembly

_MIB = 1024 * 1024


def _fill(assembly: Assembly, data: bytes) -> None:
    while data:
        window = assembly.open_window(len(data))
        count = len(window)
        window[:] = data[:count]
        assembly.close_window(count)
        data = data[count:]


@pytest.mark.parametrize("expected", [0, 6, 200_000])
def test_appended(expected: int) -> None:
    assembly = Assembly(expected)
    assembly.append(b"abc")
    assembly.append(b"")
    assembly.append(b"def")
    assert assembly.size == 6
    assert assembly.finish() == b"abcdef"


@pytest.mark.parametrize("expected", [0, 200_000, 100_000])
def test_windows_and_appended(expected: int) -> None:
    data = bytes(range(250)) * 800
    assembly = Assembly(expected)
    assembly.append(data[:1000])
    _fill(assembly, data[1000:150_000])
    assembly.append(data[150_000:150_003])
    _fill(assembly, data[150_003:])
    assert assembly.finish() == data


def test_a_window_may_be_filled_in_part_or_not_at_all() -> None:
    assembly = Assembly()
    window = assembly.open_window(100)
    window[:3] = b"abc"
    assembly.close_window(3)
    assembly.open_window(100)
    assembly.close_window(0)
    assembly.close_window(0)
    assembly.append(b"def")
    assert assembly.finish() == b"abcdef"


def test_a_closed_window_is_of_no_use() -> None:
    assembly = Assembly()
    window = assembly.open_window(100)
    assembly.close_window(0)
    with pytest.raises(ValueError, match="released"):
        window[0] = 1


def test_taken_from_the_front() -> None:
    assembly = Assembly()
    assembly.append(b"abcdef")
    assert assembly.take(2) == b"ab"
    assert assembly.size == 4
    assembly.append(b"ghi")
    assert assembly.take(3) == b"cde"
    assert assembly.finish() == b"fghi"


def test_no_more_is_taken_than_came() -> None:
    assembly = Assembly(10)
    assembly.append(b"abc")
    assert assembly.take(10) == b"abc"
    assert assembly.take(10) == b""


def test_a_window_that_grows_is_bounded_by_what_came() -> None:
    assembly = Assembly()
    assert len(assembly.open_window(1 << 62)) == 65536
    assembly.close_window(65536)
    assert len(assembly.open_window(1 << 62)) == 65536
    assembly.close_window(65536)
    assert len(assembly.open_window(1 << 62)) == 131072
    assembly.close_window(0)


@pytest.mark.parametrize("expected", [0, 16 * _MIB])
def test_handing_out_copies_nothing(expected: int) -> None:
    tracemalloc.start()
    try:
        assembly = Assembly(expected)
        piece = bytes(_MIB)
        for _ in range(16):
            _fill(assembly, piece)
        payload = assembly.finish()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(payload) == 16 * _MIB
    # One block, what it grows by at most (an eighth), and the piece.
    assert peak < 16 * _MIB * 9 / 8 + 2 * _MIB
