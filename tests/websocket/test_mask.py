"""Masking: RFC 6455 section 5.3."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beastly.websocket._mask import mask, mask_in_place, rotate
from tests.support.wire import MASKING_KEY

_KEYS = st.binary(min_size=4, max_size=4)

# Both ways to mask, and the places where the one takes over from the other.
_SIZES = [*range(10), 125, 126, *range(399, 404), 1024, 65535, 65536, 65537, 131073]


def _by_definition(data: bytes, key: bytes) -> bytes:
    """Section 5.3: octet i of the output is octet i of the input XOR octet i MOD 4 of the key."""
    return bytes(octet ^ key[index % 4] for index, octet in enumerate(data))


def _octets(size: int) -> bytes:
    return bytes(index * 7 % 251 for index in range(size))


def test_example_of_the_specification() -> None:
    """RFC 6455 section 5.7: a masked text message."""
    assert mask(b"Hello", MASKING_KEY) == b"\x7f\x9f\x4d\x51\x58"
    assert mask(b"\x7f\x9f\x4d\x51\x58", MASKING_KEY) == b"Hello"


@pytest.mark.parametrize("size", _SIZES)
def test_every_way_to_mask(size: int) -> None:
    data = _octets(size)
    expected = _by_definition(data, MASKING_KEY)
    assert mask(data, MASKING_KEY) == expected
    assert mask(memoryview(data), MASKING_KEY) == expected
    assert mask(expected, MASKING_KEY) == data


@given(st.binary(max_size=2000), _KEYS)
@example(b"\0" * 700, b"\0\0\0\0")
@example(b"\xff" * 8, b"\0\0\0\x80")
def test_any_data_and_key(data: bytes, key: bytes) -> None:
    assert mask(data, key) == _by_definition(data, key)


@pytest.mark.parametrize("size", _SIZES)
def test_in_place(size: int) -> None:
    block = bytearray(b"<" + _octets(size) + b">")
    mask_in_place(memoryview(block)[1 : size + 1], MASKING_KEY)
    assert block == b"<" + _by_definition(_octets(size), MASKING_KEY) + b">"


def test_in_place_leaves_the_block_free() -> None:
    block = bytearray(70000)
    region = memoryview(block)
    mask_in_place(region, MASKING_KEY)
    region.release()
    block.append(0)  # Raises while any view is left.


@given(st.binary(max_size=700), st.integers(0, 700), _KEYS)
def test_in_pieces(data: bytes, cut: int, key: bytes) -> None:
    first, second = data[:cut], data[cut:]
    assert mask(first, key) + mask(second, rotate(key, len(first))) == mask(data, key)
