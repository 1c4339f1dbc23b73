"""Masking: the XOR of a payload with a four-byte key (RFC 6455 section 5.3).

Python has no vector operation for it, so two detours are taken, each the fastest in its range: one
XOR of two big integers for small payloads, and a table look-up per key byte, which runs in C over
every fourth byte, for the others. Knows nothing of frames and of where keys come from.
"""

import io
from typing import Final

__all__ = ["mask", "mask_in_place", "rotate"]

_BIG_INTEGER_MAX: Final = 400
"""Up to so many bytes the big integers win (measured; they cost 3 ns a byte, the tables 1.5)."""

_BLOCK: Final = 65536
"""Bytes masked at a time in place: bounds the temporaries; a multiple of the key's length."""

# The bytes that each byte of the key is for. Built once: that is a tenth of masking 1 KiB.
_FIRST: Final = slice(0, None, 4)
_SECOND: Final = slice(1, None, 4)
_THIRD: Final = slice(2, None, 4)
_FOURTH: Final = slice(3, None, 4)

_IDENTITY: Final = int.from_bytes(range(256), "little")
_EVERY_BYTE: Final = int.from_bytes(b"\x01" * 256, "little")
_TABLES: Final = tuple(
    (_IDENTITY ^ (_EVERY_BYTE * byte)).to_bytes(256, "little") for byte in range(256)
)
"""`_TABLES[key_byte][byte]` is their XOR. Built of integers: a tenth of the time of a loop."""

_from_bytes = int.from_bytes


def mask(data: bytes | memoryview, key: bytes, /) -> bytes:
    """Return `data`, plain bytes or a view of them, masked with the four bytes of `key`.

    Masking twice with one key gives the data back.
    """
    size = len(data)
    if size <= _BIG_INTEGER_MAX:
        repeated = (key * (size // 4 + 1))[:size]
        masked = _from_bytes(data, "little") ^ _from_bytes(repeated, "little")
        return masked.to_bytes(size, "little")
    if size <= _BLOCK:
        block = bytearray(data)
        _look_up(block, key)
        return bytes(block)
    # It gives its contents away as bytes: a second block of this size would cost page faults.
    whole = io.BytesIO(data)
    with whole.getbuffer() as region:
        mask_in_place(region, key)
    return whole.getvalue()


def mask_in_place(region: memoryview, key: bytes, /) -> None:
    """Mask the bytes of `region`, a writable view of plain bytes, with the four bytes of `key`."""
    if len(region) <= _BIG_INTEGER_MAX:
        region[:] = mask(region, key)
        return
    for start in range(0, len(region), _BLOCK):
        with region[start : start + _BLOCK] as part:
            # A view has no tables, and is slow to cut into every fourth byte.
            block = bytearray(part)
            _look_up(block, key)
            part[:] = block


def _look_up(block: bytearray, key: bytes) -> None:
    """Mask `block` by the tables."""
    first, second, third, fourth = key
    block[_FIRST] = block[_FIRST].translate(_TABLES[first])
    block[_SECOND] = block[_SECOND].translate(_TABLES[second])
    block[_THIRD] = block[_THIRD].translate(_TABLES[third])
    block[_FOURTH] = block[_FOURTH].translate(_TABLES[fourth])


def rotate(key: bytes, count: int) -> bytes:
    """Return the key for what follows the first `count` bytes that were masked with `key`."""
    shift = count % 4
    return key[shift:] + key[:shift]
