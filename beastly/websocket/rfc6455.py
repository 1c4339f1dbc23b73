"""The words of RFC 6455: opcodes, close codes, close reasons, the accept value, and their limits.

Pure vocabulary: no state, no input or output, nothing of HTTP messages.
"""

import binascii
from enum import Enum, IntEnum
from typing import Final

from beastly.core.value import Value

__all__ = [
    "CLOSE_REASON_MAX",
    "CONTROL_PAYLOAD_MAX",
    "GUID",
    "CloseCode",
    "CloseReason",
    "FrameType",
    "Opcode",
    "accept_key",
    "is_valid_close_code",
]

CONTROL_PAYLOAD_MAX: Final = 125
"""The most bytes that a control frame may carry (section 5.5)."""

CLOSE_REASON_MAX: Final = 123
"""The most bytes that a close reason may have in UTF-8: the code takes two (section 5.5.1)."""

GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What the server appends to the key before hashing it (section 1.3)."""


class Opcode(IntEnum):
    """What a frame carries (section 5.2)."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class FrameType(Enum):
    """The kind of control frame that a control callback is told of (section 5.5)."""

    CLOSE = "close"
    PING = "ping"
    PONG = "pong"


class CloseCode(IntEnum):
    """Why a connection was closed: the codes of section 7.4.1 and of IANA's registry."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS_RECEIVED = 1005
    ABNORMAL_CLOSURE = 1006
    INVALID_FRAME_PAYLOAD_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE = 1015


def is_valid_close_code(code: int) -> bool:
    """Tell whether `code` may stand in a close frame (sections 7.4.1 and 7.4.2).

    1004, 1005, 1006 and 1015 are reserved or stand for what no frame said; 1016 to 2999 are not
    assigned. 3000 to 3999 belong to registered libraries, 4000 to 4999 to private use. What lies
    above has no meaning in the specification and is let through, as most implementations do.
    """
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 0xFFFF


class CloseReason(Value):
    """What a close frame says: a code, and a text for people (section 5.5.1).

    `code` is `None` for a close frame without a payload, which is then without a `reason` too.

    Raises:
        ValueError: the code may not stand in a frame, the text has over 123 bytes in UTF-8 or
            cannot be encoded, or there is a text without a code.
    """

    __slots__ = ("code", "reason")

    code: int | None
    reason: str

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        if code is None:
            if reason:
                raise ValueError(
                    "a close reason needs a close code before it (RFC 6455 section 5.5.1):"
                    f" {reason!r}"
                )
        elif not is_valid_close_code(code):
            raise ValueError(
                "the code of a close frame is 1000 to 1003, 1007 to 1014 or 3000 to 65535, not"
                f" {code} (RFC 6455 section 7.4)"
            )
        size = len(reason.encode("utf-8"))
        if size > CLOSE_REASON_MAX:
            raise ValueError(
                f"a close reason has at most {CLOSE_REASON_MAX} bytes in UTF-8, not {size}"
                " (RFC 6455 section 5.5)"
            )
        super().__init__(code, reason)

    def __str__(self) -> str:
        if self.code is None:
            return "no close code"
        try:
            text = f"{self.code} ({CloseCode(self.code).name.lower().replace('_', ' ')})"
        except ValueError:
            text = str(self.code)
        return f"{text} {self.reason}" if self.reason else text


def accept_key(key: str) -> str:
    """Return the `Sec-WebSocket-Accept` value for a `Sec-WebSocket-Key` (section 4.2.2, step 5).

    >>> accept_key("dGhlIHNhbXBsZSBub25jZQ==")
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
    """
    # Not before it is needed: it loads OpenSSL, which takes as long as half of beastly.
    from hashlib import sha1

    digest = sha1((key + GUID).encode("latin-1"), usedforsecurity=False).digest()
    return binascii.b2a_base64(digest, newline=False).decode("ascii")
