"""The codec of frame headers (RFC 6455 section 5.2), with every rule that a header can break.

Pure functions from bytes to headers and back. Payloads, messages and their limits are elsewhere.
"""

from struct import Struct
from typing import Final, NamedTuple

from beastly.websocket._mask import mask
from beastly.websocket.error import Error, ProtocolViolation
from beastly.websocket.rfc6455 import CONTROL_PAYLOAD_MAX, Opcode

__all__ = [
    "HEADER_MAX",
    "OPCODE",
    "RSV1",
    "FrameHeader",
    "frame",
    "frame_header",
    "parse_header",
    "whole_frame",
]

_FIN: Final = 0x80
_RSV: Final = 0x70
RSV1: Final = 0x40
"""The bit that marks the first frame of a compressed message (RFC 7692 section 6)."""

_CONTROL: Final = 0x08
OPCODE: Final = 0x0F
"""The bits of the opcode in the first byte."""

_MASK: Final = 0x80
_LENGTH: Final = 0x7F

_SHORT_MAX: Final = 125
"""The largest length that stands in the second byte itself; 126 and 127 announce two more forms."""

_pack_short: Final = Struct("!BB").pack
_pack_medium: Final = Struct("!BBH").pack
_pack_long: Final = Struct("!BBQ").pack

# Plain integers: a member of an enum costs several times as much to look up.
_CONTINUATION: Final = Opcode.CONTINUATION.value
_DATA: Final = (Opcode.TEXT.value, Opcode.BINARY.value)
_MESSAGES: Final = frozenset(_FIN | rsv | opcode for rsv in (0, RSV1) for opcode in _DATA)
"""The first bytes of frames that are a message by themselves, compressed or not."""

_CONTROLS: Final = (Opcode.CLOSE.value, Opcode.PING.value, Opcode.PONG.value)


HEADER_MAX: Final = 14
"""The size of the largest header: two bytes, eight of length, four of the key."""


class FrameHeader(NamedTuple):
    """What the header of a frame says.

    `key` is the masking key, or empty for a frame that is not masked. `length` is the size of the
    payload and `size` that of the header itself, both in bytes. `compressed` stands in the first
    frame of a message for all of it.
    """

    fin: bool
    opcode: int
    key: bytes
    length: int
    size: int
    compressed: bool = False


def frame_header(opcode: int, fin: bool, length: int, key: bytes = b"") -> bytes:
    """Return the header of a frame, the payload length in its shortest form.

    `opcode` may have the bit `RSV1` beside it. `length` is below 2^63. With a `key` of four bytes
    the header says that the payload is masked.
    """
    first = _FIN | opcode if fin else opcode
    masked = _MASK if key else 0
    if length <= _SHORT_MAX:
        return _pack_short(first, masked | length) + key
    if length <= 0xFFFF:
        return _pack_medium(first, masked | 126, length) + key
    return _pack_long(first, masked | 127, length) + key


def frame(opcode: int, payload: bytes | memoryview, key: bytes = b"", /) -> bytes:
    """Return a whole frame, with FIN set; its payload is masked with `key` if there is one.

    The arguments are those of `frame_header`.
    """
    size = len(payload)
    if key:
        payload = mask(payload, key)
    if size > _SHORT_MAX:
        return frame_header(opcode, True, size, key) + payload
    return _pack_short(_FIN | opcode, _MASK | size if key else size) + key + payload


def whole_frame(
    data: bytes, position: int, masked: bool, limit: int, /
) -> tuple[int, bytes, int] | None:
    """Return the frame that begins at `position` in `data` if it is a message and all at hand.

    That is its first byte, its payload, not masked any more, and where it ends. `None` is the
    answer for everything that needs a closer look: fragments, control frames, faults, 64 KiB and
    more, more than `limit` bytes unless that is zero, and what has not come to its end.
    `parse_header` tells which of them it is.
    """
    size = len(data)
    if size - position < 4:
        return None
    first = data[position]
    length = data[position + 1]
    start = position + 2
    if masked:
        length ^= _MASK
        start += 4
    if length == 126:
        length = data[position + 2] << 8 | data[position + 3]
        start += 2
        if length <= _SHORT_MAX:
            return None
    elif length > _SHORT_MAX:
        return None
    end = start + length
    if end > size or length > limit > 0 or first not in _MESSAGES:
        return None
    payload = data[start:end]
    if masked:
        payload = mask(payload, data[start - 4 : start])
    return first, payload, end


def parse_header(
    data: bytes, position: int, masked: bool, in_message: bool, compressible: bool = False
) -> FrameHeader | None:
    """Return the header that begins at `position` in `data`, or `None` while it is incomplete.

    `masked` tells whether the frame has to be masked, that is, whether a client sent it;
    `in_message` whether the last fragment of a message is still to come, `compressible` whether a
    message may be compressed. A header that breaks a rule is refused as soon as the bytes at hand
    prove it.

    Raises:
        ProtocolViolation: with the code of the first rule that is broken, in Beast's order.
    """
    available = len(data) - position
    if available < 1:
        return None
    first = data[position]
    _check_first_byte(first, in_message)
    if available < 2:
        return None
    second = data[position + 1]
    compressed = compressible and first & RSV1 != 0 and first & OPCODE in _DATA
    _check_second_byte(first & ~RSV1 if compressed else first, second, masked)

    length = second & _LENGTH
    size = 2
    if length > _SHORT_MAX:
        size = 4 if length == 126 else 10
        if available < size:
            return None
        length = int.from_bytes(data[position + 2 : position + size], "big")
        _check_length(length, size)
    if not masked:
        return FrameHeader(first >= _FIN, first & OPCODE, b"", length, size, compressed)
    if available < size + 4:
        return None
    key = data[position + size : position + size + 4]
    return FrameHeader(first >= _FIN, first & OPCODE, key, length, size + 4, compressed)


def _check_first_byte(first: int, in_message: bool) -> None:
    opcode = first & OPCODE
    if opcode == _CONTINUATION:
        if not in_message:
            raise ProtocolViolation(Error.BAD_CONTINUATION, f"{_begin(first)}, no message is begun")
    elif opcode in _DATA:
        if in_message:
            raise ProtocolViolation(Error.BAD_DATA_FRAME, f"{_begin(first)}, opcode {opcode}")
    elif opcode not in _CONTROLS:
        raise ProtocolViolation(Error.BAD_OPCODE, f"{_begin(first)}, opcode {opcode}")
    elif not first & _FIN:
        raise ProtocolViolation(Error.BAD_CONTROL_FRAGMENT, f"{_begin(first)}, without FIN")


def _check_second_byte(first: int, second: int, masked: bool) -> None:
    if first & _CONTROL and second & _LENGTH > CONTROL_PAYLOAD_MAX:
        raise ProtocolViolation(Error.BAD_CONTROL_SIZE, _begin(first, second))
    if first & _RSV:
        raise ProtocolViolation(Error.BAD_RESERVED_BITS, _begin(first, second))
    if masked and not second & _MASK:
        raise ProtocolViolation(Error.BAD_UNMASKED_FRAME, _begin(first, second))
    if not masked and second & _MASK:
        raise ProtocolViolation(Error.BAD_MASKED_FRAME, _begin(first, second))


def _check_length(length: int, size: int) -> None:
    if length <= _SHORT_MAX or (size == 10 and length <= 0xFFFF):
        raise ProtocolViolation(Error.BAD_SIZE, f"{length} came in a header of {size} bytes")
    if length >= 1 << 63:
        raise ProtocolViolation(Error.BAD_SIZE, f"{length} came")


def _begin(*came: int) -> str:
    return f"the frame begins with {bytes(came).hex(' ')}"
