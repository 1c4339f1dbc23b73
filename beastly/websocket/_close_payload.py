"""The payload of a close frame: its code and reason in bytes, and back (RFC 6455 section 5.5.1).

Pure functions. When a close frame is sent and what follows one is known elsewhere.
"""

from beastly.websocket._utf8 import what_came
from beastly.websocket.error import Error, ProtocolViolation
from beastly.websocket.rfc6455 import CloseReason, is_valid_close_code

__all__ = ["close_payload", "parse_close"]


def close_payload(reason: CloseReason) -> bytes:
    """Return the payload that says `reason`."""
    if reason.code is None:
        return b""
    return reason.code.to_bytes(2, "big") + reason.reason.encode("utf-8")


def parse_close(payload: bytes) -> CloseReason:
    """Return what the payload of a close frame says.

    Raises:
        ProtocolViolation: it is one byte long, the code may not be sent, or the reason is not
            UTF-8.
    """
    if not payload:
        return CloseReason()
    if len(payload) == 1:
        raise ProtocolViolation(Error.BAD_CLOSE_SIZE, f"one byte came, {payload.hex()}")
    code = int.from_bytes(payload[:2], "big")
    if not is_valid_close_code(code):
        raise ProtocolViolation(Error.BAD_CLOSE_CODE, f"{code} came")
    try:
        reason = payload[2:].decode()
    except UnicodeDecodeError as error:
        raise ProtocolViolation(Error.BAD_CLOSE_PAYLOAD, what_came(error)) from error
    return CloseReason(code, reason)
