"""The block that a payload is laid into."""

import hashlib
import tracemalloc

import pytest

from beastly.websocket._assembly import Assembly

_MIB = 1024 * 1024


def _fill(assembly: Assembly, data: bytes) -> None:
    while data:
        count = assembly.make_room(len(data))
        with assembly.window(count) as window:
            window[:] = data[:count]
        assembly.fill(count)
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
    with assembly.window(assembly.make_room(100)) as window:
        window[:3] = b"abc"
    assembly.fill(3)
    assembly.make_room(100)
    assembly.append(b"def")
    assert assembly.finish() == b"abcdef"


def test_what_was_put_into_a_window_stays_there() -> None:
    assembly = Assembly()
    size = assembly.make_room(3)
    with assembly.window(size) as window:
        window[:] = b"abc"
    with assembly.window(size) as window:
        assert bytes(window) == b"abc"


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
    assert assembly.make_room(1 << 62) == 65536
    assembly.fill(65536)
    assert assembly.make_room(1 << 62) == 65536
    assembly.fill(65536)
    assert assembly.make_room(1 << 62) == 131072


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


def test_what_was_taken_makes_room() -> None:
    """However much goes through, the block is no larger than what was in it at one time."""
    data = bytes(range(256)) * 4
    assembly = Assembly()
    digest = hashlib.sha256()
    tracemalloc.start()
    try:
        for _ in range(1000):
            assembly.append(data)
            while assembly.size > 1:
                digest.update(assembly.take(min(700, assembly.size - 1)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000
    digest.update(assembly.finish())
    assert digest.digest() == hashlib.sha256(data * 1000).digest()
